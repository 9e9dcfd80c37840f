"""The files that the models make, as texts by path: definitions for kubectl, definitions and policies for the chart, the reference page."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from memesnipe_operator.crds import page, policies
from memesnipe_operator.crds.definitions import RESOURCES, Manifest, definition

HEAD = "# Made from the models in memesnipe.manifests by `python -m memesnipe_operator.crds`; do not edit here.\n"
WIDTH = 140
KEEP = {"helm.sh/resource-policy": "keep"}
"""Deleting a definition deletes every object of it."""
CHART = Path("charts/memesnipe/templates")
LABELS_IN_CHART = "app.kubernetes.io/instance: {{ .Release.Name }}\n    app.kubernetes.io/managed-by: {{ .Release.Service }}\n"


def files() -> dict[Path, str]:
    """Return every generated file of the checkout: path below its root, text."""
    definitions = [definition(resource) for resource in RESOURCES]
    plain = {Path("crds") / f"{resource.plural}.yaml": HEAD + _yaml(made) for resource, made in zip(RESOURCES, definitions, strict=True)}
    return {
        **plain,
        Path("crds/admission.yaml"): HEAD + "---\n".join(_yaml(made) for made in policies.manifests()),
        CHART / "generated-crds.yaml": _template("crds", map(_kept, definitions)),
        CHART / "generated-admission.yaml": _template("admission", policies.manifests()),
        Path("docs/reference/resources.md"): page.render(),
    }


def stale(root: Path) -> list[Path]:
    """Return the files of a checkout that are not what the models make."""
    return [path for path, text in files().items() if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text]


def write(root: Path) -> None:
    """Renew the files of a checkout."""
    for path, text in files().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def _template(switch: str, manifests: Iterable[Manifest]) -> str:
    """Return manifests as a chart's template, left out where `<switch>.enabled` is false."""
    return (
        f"{HEAD}{{{{- if .Values.{switch}.enabled }}}}\n"
        + "".join(f"---\n{_in_chart(manifest)}" for manifest in manifests)
        + "{{- end }}\n"
    )


def _kept(manifest: Manifest) -> Manifest:
    return {**manifest, "metadata": {**manifest["metadata"], "annotations": dict(KEEP)}}


def _in_chart(manifest: Manifest) -> str:
    """Return a manifest with the release's labels. Raises ValueError where a text of ours looks like a template's."""
    text = _yaml(manifest)
    if "{{" in text:
        raise ValueError(f"{manifest['metadata']['name']}: holds '{{{{', which Helm would take for its own")
    last_label = "app.kubernetes.io/part-of: memesnipe\n"
    return text.replace(last_label, f"{last_label}    {LABELS_IN_CHART}", 1)


def _yaml(manifest: Mapping[str, object]) -> str:
    return yaml.safe_dump(manifest, sort_keys=False, width=WIDTH, allow_unicode=True)
