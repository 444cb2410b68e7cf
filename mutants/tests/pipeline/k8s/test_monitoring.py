"""Dashboard and alert rules: they ask for nothing that is not exported, and a person finds out what to do."""

import re

from cluster.telemetry import METRICS
from tests.pipeline.k8s.kubernetes import K8S, ROOT, documents, kustomize, of_kind
from tests.pipeline.stages.metric_names import (
    alert_expressions,
    alerts,
    dashboard_expressions,
    exported,
    external,
    names_in,
    of_ray,
    of_the_project,
    panels,
    used_names,
)
from tests.repository import DATA

RECORDED = DATA / "ray_metrics.txt"
"""What a scrape of a head of Ray 2.60 returned, node, autoscaler and dashboard together: names of samples."""


def test_names_are_found_in_expressions() -> None:
    assert names_in(
        'sum by (host) (rate(a_total{x="b_c", y=~"d"}[5m] offset 1h)) / on (z) group_left (q) max(e) > 0.5 or vector(0)'
    ) == {
        "a_total",
        "e",
    }
    assert exported('# HELP x y\nray_a_bucket{le="1"} 2\nray_b 3\n') == {"ray_a_bucket", "ray_b"}


def test_what_is_asked_of_the_project_is_what_it_exports_and_all_of_it() -> None:
    asked = of_the_project(used_names())
    assert asked <= {sample for metric in METRICS for sample in metric.samples}
    assert [metric.name for metric in METRICS if not asked & set(metric.samples)] == []


def test_what_is_asked_of_ray_was_in_a_scrape_of_ray() -> None:
    assert of_ray(used_names()) <= set(RECORDED.read_text().split())


def test_what_is_neither_the_projects_nor_rays_is_marked_as_external() -> None:
    for panel in panels():
        foreign = {name for target in panel.get("targets", []) for name in external(names_in(target["expr"]))}
        assert bool(foreign) == ("(external:" in panel["title"]), panel["title"]
    for group, rule in alerts():
        assert bool(external(names_in(rule["expr"]))) == (group == "chainpref-external"), rule["alert"]


def test_expressions_are_balanced_and_panels_lie_side_by_side() -> None:
    for expression in (*dashboard_expressions(), *alert_expressions()):
        for left, right in ("()", "{}", "[]"):
            assert expression.count(left) == expression.count(right), expression
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_alerts_are_of_our_pods_and_no_other_teams() -> None:
    for _, rule in alerts():
        foreign = names_in(rule["expr"]) - of_the_project(names_in(rule["expr"]))
        assert not foreign or 'chainpref.*"' in rule["expr"], rule["alert"]


def test_every_alert_stands_in_the_operations_guide() -> None:
    guide = (ROOT / "docs" / "operations.md").read_text()
    for _, rule in alerts():
        assert f"`{rule['alert']}`" in guide
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))


def test_the_dashboard_reaches_grafana_as_a_labelled_config_map() -> None:
    (found,) = of_kind(documents(kustomize(K8S / "monitoring")), "ConfigMap")
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert found["metadata"]["name"] == "chainpref-dashboard"
