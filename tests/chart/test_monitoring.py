"""Alerts and dashboard: every expression parses, every metric and label is one that the code has, every alert has its runbook."""

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml

from memesnipe.testing.chart.metrics import defined
from memesnipe.testing.chart.pods import pods
from memesnipe.testing.chart.render import CHART, ROOT, VALUE_SETS, one, render
from memesnipe.testing.grafana.build import written
from memesnipe.testing.grafana.meanings import MEANINGS
from memesnipe.testing.grafana.tables import BOARDS

RUNBOOKS = "docs/reference/alerts.md"
FILES = CHART / "files"
PROCESS = ("process_resident_memory_bytes", "process_cpu_seconds_total")
"""The client library's own, of every service (Linux)."""
PROMETHEUS_OWN = {"up": frozenset({"job", "instance", "namespace", "pod", "service"}), **dict.fromkeys(PROCESS, frozenset[str]())}
TARGET = frozenset({"job", "instance", "namespace", "pod", "service", "container", "endpoint"})
METRICS = {**defined(), **PROMETHEUS_OWN}


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FILES / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboards() -> dict[str, dict[str, Any]]:
    return {path.name: json.loads(path.read_text()) for path in sorted((FILES / "dashboards").glob("*.json"))}


def panels() -> list[dict[str, Any]]:
    return [panel for board in dashboards().values() for panel in board["panels"]]


def rendered_alerts(rules: dict[str, Any]) -> list[dict[str, Any]]:
    groups = one(render({"monitoring": {"rules": {"enabled": True, **rules}}}), "PrometheusRule", "memesnipe-monitoring")["spec"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def queries() -> list[str]:
    """Every expression, with Grafana's variables filled in."""
    asked = [target["expr"] for panel in panels() for target in panel.get("targets", [])]
    filled = [expression.replace("$__rate_interval", "1m").replace("$mode", "paper") for expression in asked]
    return [*(alert["expr"] for alert in alerts()), *filled]


@pytest.mark.parametrize("query", queries())
def test_every_metric_and_label_of_an_expression_exists_in_the_code(query: str) -> None:
    selectors = list(selectors_of(promql_parser.parse(query)))

    assert selectors
    for name, labels in selectors:
        assert name in METRICS, f"{name} is defined nowhere"
        assert labels <= METRICS[name] | TARGET, f"{name} has the labels {sorted(METRICS[name])}"


@pytest.mark.parametrize("query", queries())
def test_an_expression_groups_by_labels_that_its_metrics_have(query: str) -> None:
    expression = promql_parser.parse(query)
    there = TARGET.union(*(METRICS[name] for name, _ in selectors_of(expression)))

    assert groupings_of(expression) <= there


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_every_alert_has_a_severity_a_summary_and_a_runbook(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("warning", "critical")
    assert alert["annotations"]["summary"]
    assert alert["annotations"]["description"].endswith(".")
    assert alert["alert"].lower() in anchors()


def test_every_alert_links_to_its_runbook() -> None:
    links = {alert["alert"]: alert["annotations"]["runbook_url"] for alert in rendered_alerts({})}

    assert links == {alert["alert"]: f"{RUNBOOKS}#{alert['alert'].lower()}" for alert in alerts()}


def test_where_no_chart_sets_the_link_it_leads_to_the_same_page() -> None:
    assert {alert["alert"]: alert["annotations"]["runbook_url"] for alert in alerts()} == {
        alert["alert"]: f"{RUNBOOKS}#{alert['alert'].lower()}" for alert in alerts()
    }


def test_the_page_of_runbooks_has_no_section_without_its_alert() -> None:
    assert [anchor for anchor in anchors() if anchor not in {alert["alert"].lower() for alert in alerts()}] == []


def test_each_runbook_says_what_it_means_and_what_to_do() -> None:
    sections = re.split(r"^## ", (ROOT / RUNBOOKS).read_text(), flags=re.MULTILINE)[1:]

    for section in sections:
        assert "**Means**" in section, section.splitlines()[0]
        assert "**Do**" in section, section.splitlines()[0]


def test_the_links_of_alerts_lead_where_the_values_say() -> None:
    first = rendered_alerts({"runbookUrl": "https://example.org/alerts"})[0]

    assert first["annotations"]["runbook_url"] == "https://example.org/alerts#memesnipepositionwithoutstop"


def test_annotations_of_alerts_use_labels_that_their_metrics_have() -> None:
    for alert in alerts():
        text = " ".join(alert["annotations"].values())
        there = TARGET.union(*(METRICS[name] for name, _ in selectors_of(promql_parser.parse(alert["expr"]))))
        assert set(re.findall(r"\$labels\.(\w+)", text)) <= there, alert["alert"]


def test_every_service_that_shows_metrics_is_picked_up_and_the_signer_is_not() -> None:
    everything = render(VALUE_SETS["everything"])
    selector = one(everything, "ServiceMonitor", "memesnipe-monitoring")["spec"]["selector"]["matchLabels"]

    chosen = {m["spec"]["selector"]["app.kubernetes.io/component"] for m in everything if m["kind"] == "Service" and has(m, selector)}

    serving = {
        pod.component for pod in pods(everything) if any(port["name"] == "health" for port in pod.spec["containers"][0].get("ports", []))
    }
    assert chosen == serving - {"signer"}


def test_on_one_host_prometheus_hands_its_alerts_to_where_notifier_takes_them() -> None:
    notifier = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["notifier"]["environment"]
    asked = yaml.safe_load((ROOT / "monitoring" / "prometheus.yml").read_text())["alerting"]["alertmanagers"]

    named = {"names": [notifier["MEMESNIPE_NOTIFY_ALERTS_HOST"]], "type": "A", "port": int(notifier["MEMESNIPE_NOTIFY_ALERTS_PORT"])}
    assert asked == [{"dns_sd_configs": [named]}]


def test_the_dashboards_are_what_their_tables_say() -> None:
    """Changed by hand they would be overwritten: python -m memesnipe.testing.grafana."""
    made = {f"{board.uid}.json": json.loads(written(board)) for board in BOARDS}

    assert dashboards() == made


@pytest.mark.parametrize("name", dashboards())
def test_a_dashboards_panels_have_their_own_place_and_number(name: str) -> None:
    shown = dashboards()[name]["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in shown:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    assert len({panel.get("id") for panel in shown}) == len(shown)


def test_every_panel_says_what_it_shows_and_no_panel_is_said_that_is_not_there() -> None:
    shown = {panel["title"]: panel.get("description", "") for panel in panels() if panel["type"] != "row"}

    assert [title for title, says in shown.items() if not says.endswith(".")] == []
    assert set(MEANINGS) == set(shown)


def test_every_alert_that_a_panel_names_is_there() -> None:
    named = {alert for panel in panels() for alert in re.findall(r"MemeSnipe[A-Z]\w+", panel.get("description", ""))}

    assert named <= {alert["alert"] for alert in alerts()}


@pytest.mark.parametrize("name", dashboards())
def test_a_dashboard_leads_to_the_others_at_the_same_time_and_mode(name: str) -> None:
    (link,) = dashboards()[name]["links"]

    assert all(set(link["tags"]) <= set(board["tags"]) for board in dashboards().values())
    assert (link["type"], link["keepTime"], link["includeVars"]) == ("dashboards", True, True)


def test_every_panel_asks_the_data_source_that_the_person_chose() -> None:
    asked = [panel["datasource"] for panel in panels() if panel["type"] != "row"]
    sources = {json.dumps(source, sort_keys=True) for source in asked}

    assert sources == {json.dumps({"type": "prometheus", "uid": "${datasource}"})}
    for board in dashboards().values():
        assert [variable["name"] for variable in board["templating"]["list"]] == ["datasource", "mode"]


def test_grafanas_sidecar_finds_the_dashboards_by_their_label_and_gets_them_whole() -> None:
    found = one(render(VALUE_SETS["watched"]), "ConfigMap", "memesnipe-grafana-dashboard")

    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert {name: json.loads(text) for name, text in found["data"].items()} == dashboards()


def anchors() -> list[str]:
    return [heading.lower() for heading in re.findall(r"^## (\w+)$", (ROOT / RUNBOOKS).read_text(), flags=re.MULTILINE)]


def has(manifest: dict[str, Any], labels: dict[str, str]) -> bool:
    there: dict[str, str] = manifest["metadata"]["labels"]
    return labels.items() <= there.items()


def selectors_of(expression: Any) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each metric of an expression with the labels it is asked by."""
    for node in nodes(expression):
        selector = node.vector_selector if isinstance(node, promql_parser.MatrixSelector) else node
        if isinstance(selector, promql_parser.VectorSelector):
            yield str(selector.name), frozenset(matcher.name for matcher in selector.matchers.matchers)


def groupings_of(expression: Any) -> set[str]:
    modifiers = [node.modifier for node in nodes(expression) if isinstance(node, promql_parser.AggregateExpr) and node.modifier]
    return {label for modifier in modifiers for label in modifier.labels}


def nodes(expression: Any) -> list[Any]:
    found: list[Any] = []
    promql_parser.walk(expression, found.append)
    return found
