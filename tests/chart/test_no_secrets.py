"""Nothing secret is rendered, and no image names a registry: which one it is, is the cluster's own business."""

import base64
import re

import pytest

from memesnipe.testing.chart.pods import pods
from memesnipe.testing.chart.render import CHART, VALUE_SETS, Values, default_values, render, render_text

each_set = pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS.keys())


@each_set
def test_the_chart_renders_no_secret(values: Values) -> None:
    assert [m["metadata"]["name"] for m in render(values) if m["kind"] == "Secret"] == []


@each_set
def test_nothing_that_looks_like_a_key_is_rendered(values: Values) -> None:
    text = re.sub(r"(checksum/config: |@sha256:)[0-9a-f]{64}", "", render_text(values))

    assert re.findall(r"\b[0-9a-f]{64}\b|-----BEGIN|://[^/\s\"]+:[^/\s\"]+@", text) == []
    for candidate in re.findall(r"[A-Za-z0-9+/]{43}=", text):
        assert len(base64.b64decode(candidate)) != 32, candidate


@each_set
def test_no_image_names_a_registry(values: Values) -> None:
    images = {container["image"] for pod in pods(render(values)) for container in pod.containers}

    assert [image for image in images if "." in image.split("/")[0] or ":" in image.split("/")[0]] == []


def test_a_registry_of_ones_own_is_a_matter_of_the_values() -> None:
    images = {name: {"repository": f"registry.example:5000/{name}"} for name in ("runtime", "allocator", "operator", "signer")}

    chosen = {
        container["image"]
        for pod in pods(render({"images": images, "redis": {"image": {"repository": "registry.example:5000/redis"}}}))
        for container in pod.containers
    }

    assert {image.partition("/")[0] for image in chosen} == {"registry.example:5000"}


def test_no_value_is_a_secret_itself() -> None:
    text = (CHART / "values.yaml").read_text()

    assert re.findall(r"(?i)^\s*\w*(password|token|api_?key|private)\w*:\s*[^\"\s{]", text, flags=re.MULTILINE) == []
    assert default_values()["chain"]["secretKeys"] == {"rpcUrl": "", "wsUrl": "", "heliusApiKey": "", "jupiterApiKey": ""}
