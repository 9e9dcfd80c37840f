"""The rules by Prometheus' own promtool: they are valid, each alert fires when its cause is there, and none fires when all is well."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from memesnipe.testing.chart.metrics import defined
from memesnipe.testing.chart.prometheus import NoPrometheus, promtool
from memesnipe.testing.chart.render import CHART, ROOT

RULES = CHART / "files" / "alerts.yaml"
STILL, GROWING, NONE = "1x120", "0+1x120", "0x120"
SLOW = {"MemeSnipeCertificateEnds", "well"}
"""What is judged after an hour and a half; the others after half an hour."""
WELL = {
    "memesnipe_risk_halt_epoch": STILL,
    "memesnipe_guard_lease_age_seconds": STILL,
    "memesnipe_positions_without_stop": NONE,
    'memesnipe_market_events_total{kind="price", source="chain"}': "0+100x120",
    "memesnipe_ready": STILL,
}
CLUSTER = {**WELL, "memesnipe_operator_leading": STILL}
HOST = {**WELL, 'up{job="control"}': STILL}

LATE = {
    'memesnipe_hop_latency_seconds_bucket{stage="wallet_guard", le="5.0"}': NONE,
    'memesnipe_hop_latency_seconds_bucket{stage="wallet_guard", le="+Inf"}': GROWING,
}
FIRING: dict[str, dict[str, str]] = {
    "MemeSnipePositionWithoutStop": {"memesnipe_positions_without_stop": STILL},
    "MemeSnipePriceStale": {"memesnipe_positions_price_stale": STILL},
    "MemeSnipeOrphanPosition": {'memesnipe_wallet_orphans{kind="traded"}': STILL},
    "MemeSnipeExitRefused": {"memesnipe_exit_urgency_most": "6x120"},
    "MemeSnipeExitStuck": {"memesnipe_exit_in_flight_oldest_seconds": "300x120"},
    "MemeSnipeOrderStuck": {'memesnipe_risk_oldest_order_seconds{mode="live"}': "600x120"},
    "MemeSnipeHalted": {'memesnipe_risk_halt_level{scope="*"}': "2x120"},
    "MemeSnipeFrozen": {'memesnipe_risk_halt_level{scope="*"}': "3x120"},
    "MemeSnipeDrawdownTripped": {'memesnipe_risk_drawdown_trips_total{scope="*"}': GROWING},
    "MemeSnipeBreakerTripped": {'memesnipe_risk_breaker_tripped{mode="live", scope="*", breaker="day_drawdown"}': STILL},
    "MemeSnipeDemoted": {'memesnipe_promotion_stage{strategy="momentum", stage="demoted"}': STILL},
    "MemeSnipeLedgerFailing": {"memesnipe_ledger_failures_total": GROWING},
    "MemeSnipeLedgerBacklog": {"memesnipe_ledger_backlog_entries": "300x120"},
    "MemeSnipeLedgerConflict": {'memesnipe_ledger_fills_total{verdict="conflict"}': GROWING},
    "MemeSnipePaperGapOutOfBand": {
        'memesnipe_paper_live_in_band_ratio{strategy="momentum"}': "0.5x120",
        'memesnipe_paper_live_newest_pairs{strategy="momentum"}': "30x120",
    },
    "MemeSnipeWalletUnread": {"memesnipe_wallet_walk_failures_total": GROWING},
    "MemeSnipeTampering": {'memesnipe_rejections_total{stage="signer", reason="approval_invalid"}': GROWING},
    "MemeSnipeSignerRefuses": {'memesnipe_rejections_total{stage="signer", reason="spend_cap"}': GROWING},
    "MemeSnipeLeasesRunOut": {'memesnipe_rejections_total{stage="wallet_guard", reason="lease_missing"}': GROWING},
    "MemeSnipeServiceDown": {'up{job="wallet-guard"}': NONE},
    "MemeSnipeServiceMissing": {},
    "MemeSnipeNotReady": {"memesnipe_ready": NONE},
    "MemeSnipeNoMarketData": {'memesnipe_market_events_total{kind="price", source="chain"}': STILL},
    "MemeSnipeMarketDataOld": {'memesnipe_market_lag_seconds{source="chain"}': "30x120"},
    "MemeSnipeMarketGaps": {'memesnipe_source_gaps_total{source="chain", outcome="unfilled"}': GROWING},
    "MemeSnipeReaderBehind": {'memesnipe_stream_gaps_total{stream="price"}': GROWING},
    "MemeSnipeSlow": LATE,
    "MemeSnipeDeadLetters": {'memesnipe_dead_letters_total{stream="fills"}': GROWING},
    "MemeSnipeHostFailing": {'memesnipe_external_calls_total{endpoint="rpc", outcome="5xx"}': GROWING},
    "MemeSnipeTokensUnchecked": {'memesnipe_guard_token_checks_total{outcome="token_unchecked"}': GROWING},
    "MemeSnipeHostsDisagree": {'memesnipe_guard_hosts_disagree_total{what="height"}': GROWING},
    "MemeSnipeStrategyFailing": {'memesnipe_strategy_errors_total{strategy="momentum", kind="raised"}': "0+10x120"},
    "MemeSnipeStrategyBroken": {"memesnipe_factory_broken": STILL},
    "MemeSnipeNotificationsFail": {
        'memesnipe_notifications_failed_total{destination="1 discord"}': GROWING,
        'memesnipe_notifications_waiting{destination="1 discord"}': STILL,
    },
    "MemeSnipeTracesFail": {
        'memesnipe_trace_exports_failed_total{why="unreachable"}': GROWING,
        "memesnipe_trace_outcomes_waiting": STILL,
    },
    "MemeSnipeConfigRefused": {"memesnipe_config_errors_total": GROWING},
    "MemeSnipeEvidenceUnreliable": {"memesnipe_evidence_errors_total": GROWING},
    "MemeSnipeRecordingFails": {"memesnipe_record_failures_total": GROWING},
    "MemeSnipeNoLeader": {"memesnipe_operator_leading": NONE},
    "MemeSnipeTurnsFailing": {'memesnipe_operator_turn_failures_total{part="leases"}': "0+10x120"},
    "MemeSnipeReconcilesFailing": {'memesnipe_reconciles_total{kind="Strategy", outcome="failed"}': GROWING},
    "MemeSnipeCertificateEnds": {"memesnipe_guard_signer_certificate_expires_timestamp_seconds": "86400x120"},
    "MemeSnipeQueueLong": {'memesnipe_queue_length{kind="Strategy"}': "200x120"},
    "MemeSnipeRolledBack": {'memesnipe_rollbacks_total{strategy="momentum"}': GROWING},
    "MemeSnipeResourceRefused": {'memesnipe_resources_refused_total{kind="Strategy"}': GROWING},
    "MemeSnipeDrift": {'memesnipe_drift_repaired_total{kind="Deployment"}': GROWING},
}
"""Alert -> the series that are its cause, minute by minute for two hours."""


@pytest.fixture(scope="module")
def program() -> Path:
    try:
        return promtool()
    except NoPrometheus as missing:
        pytest.skip(str(missing))


def alerts() -> Iterator[str]:
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        yield from (rule["alert"] for rule in group["rules"])


def case(name: str, series: dict[str, str], expression: str, value: int | None) -> dict[str, Any]:
    """A test of promtool: what an expression over ALERTS gives after so long of these series."""
    after = "90m" if name in SLOW else "30m"
    asked = {"expr": expression, "eval_time": after, "exp_samples": [] if value is None else [{"labels": "{}", "value": value}]}
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": each, "values": values} for each, values in series.items()],
        "promql_expr_test": [asked],
    }


def ran(program: Path, folder: Path, cases: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    file = folder / "cases.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": cases}, width=1_000))
    return subprocess.run([program, "test", "rules", file], capture_output=True, text=True, timeout=150)


def test_the_rules_and_a_hosts_configuration_are_valid(program: Path) -> None:
    rules = subprocess.run([program, "check", "rules", RULES], capture_output=True, text=True)
    host = ["check", "config", "--syntax-only", str(ROOT / "monitoring" / "prometheus.yml")]
    configuration = subprocess.run([program, *host], capture_output=True, text=True)

    assert rules.returncode == 0, rules.stderr
    assert configuration.returncode == 0, configuration.stderr


def test_every_alert_fires_on_its_cause(program: Path, tmp_path: Path) -> None:
    cases = [
        case(alert, series, f'count(count by (alertname) (ALERTS{{alertname="{alert}", alertstate="firing"}}))', 1)
        for alert, series in FIRING.items()
    ]

    judged = ran(program, tmp_path, cases)

    assert judged.returncode == 0, judged.stdout + judged.stderr


@pytest.mark.parametrize("series", [CLUSTER, HOST], ids=["cluster", "host"])
def test_no_alert_fires_where_all_is_well(program: Path, tmp_path: Path, series: dict[str, str]) -> None:
    judged = ran(program, tmp_path, [case("well", series, 'count by (alertname) (ALERTS{alertstate="firing"})', None)])

    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_every_alert_has_its_cause_here_made_of_series_that_the_code_shows() -> None:
    known = {**defined(), "up": frozenset({"job"})}
    named = [series for cause in (*FIRING.values(), CLUSTER, HOST) for series in cause]

    assert set(FIRING) == set(alerts())
    for series in named:
        metric, _, labels = series.partition("{")
        assert metric in known, series
        assert set(re.findall(r"(\w+)=", labels)) <= known[metric], series
