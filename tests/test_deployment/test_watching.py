"""Alerts and dashboard use metrics of the shop."""

import json
import re
from typing import Any

import yaml

from tests.support.processes import ROOT

METRICS = {
    "http_requests_total": {"method", "route", "status"},
    "http_request_duration_seconds_bucket": {"route", "le"},
    "queue_depth": {"queue"},
    "outbox_messages": set(),
    "outbox_oldest_age_seconds": set(),
    "dead_letters": {"queue"},
    "cache_hits_total": {"tier", "kind"},
    "cache_misses_total": {"kind"},
    "cache_loads_total": {"kind"},
    "cache_refused_stores_total": {"kind"},
    "cache_errors_total": set(),
    "cache_redis_up": set(),
    "database_pool_in_use": set(),
    "database_pool_size": set(),
    "orders_placed_total": set(),
    "report_age_seconds": set(),
}
ALERTS = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text("utf-8"))
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/dashboard.json").read_text("utf-8"))
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]


def asked_for(query: str) -> set[str]:
    """Return the names of the shop's metrics in a query."""
    return set(re.findall(r"\blavka_(\w+)", query))


def test_the_dashboard_has_every_metric_and_no_unknown_one() -> None:
    assert set().union(*map(asked_for, QUERIES)) == set(METRICS)


def test_alerts_use_existing_metrics() -> None:
    for rule in RULES:
        assert asked_for(rule["expr"]) <= set(METRICS)
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith((".", "run.", "list"))


def test_queries_use_only_labels_of_the_metrics() -> None:
    for query in [*QUERIES, *(rule["expr"] for rule in RULES)]:
        metrics = asked_for(query)
        known = set().union(*(METRICS[name] for name in metrics)) | {"instance", "job"}
        grouped = re.findall(r"\bby \(([^)]*)\)", query)
        filtered = re.findall(r"\{(\w+)=", query)
        used = {label.strip() for group in grouped for label in group.split(",")} | set(filtered)
        assert used <= known, query


def test_panels_do_not_overlap_and_have_their_own_ids() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (place["x"] + dx, place["y"] + dy)
            for dx in range(place["w"])
            for dy in range(place["h"])
        }
        assert not cells & taken and place["x"] + place["w"] <= 24
        taken |= cells


def test_every_alert_is_in_the_documentation() -> None:
    text = (ROOT / "docs/operations.md").read_text("utf-8")
    assert {rule["alert"] for rule in RULES} == set(re.findall(r"`(Lavka[A-Z]\w+)`", text))
