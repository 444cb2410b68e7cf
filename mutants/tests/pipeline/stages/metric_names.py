"""Names of metrics: those that the dashboard and the alert rules use, and those that a scrape returned."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from tests.pipeline.k8s.kubernetes import K8S

_WORDS = frozenset(
    "and or unless bool sum min max avg count rate increase histogram_quantile vector label_values".split()  # noqa: SIM905
)


def used_names() -> set[str]:
    """Every metric that a panel or a rule of k8s/monitoring asks for."""
    return {name for expression in (*dashboard_expressions(), *alert_expressions()) for name in names_in(expression)}


def names_in(expression: str) -> set[str]:
    """Metric names in a PromQL expression: identifiers that are no function, keyword, label or string."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\boffset\s+\w+", " ", bare)
    bare = re.sub(r"\b(by|on|without|ignoring|group_left|group_right)\s*(\([^)]*\))?", " ", bare)
    return {word for word in re.findall(r"[A-Za-z_:][A-Za-z0-9_:]*", bare) if word not in _WORDS}


def dashboard_expressions() -> Iterator[str]:
    for panel in panels():
        yield from (target["expr"] for target in panel.get("targets", []))


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((K8S / "monitoring" / "dashboard.json").read_text())["panels"]
    return found


def alerts() -> Iterator[tuple[str, dict[str, Any]]]:
    """Group's name and rule."""
    for group in yaml.safe_load((K8S / "monitoring" / "alerts.yaml").read_text())["spec"]["groups"]:
        for rule in group["rules"]:
            yield group["name"], rule


def alert_expressions() -> Iterator[str]:
    yield from (rule["expr"] for _, rule in alerts())


def of_the_project(names: set[str]) -> set[str]:
    return {name for name in names if name.startswith("ray_chainpref_")}


def of_ray(names: set[str]) -> set[str]:
    return {name for name in names if name.startswith(("ray_", "autoscaler_"))} - of_the_project(names)


def external(names: set[str]) -> set[str]:
    return names - of_the_project(names) - of_ray(names)


@dataclass(frozen=True)
class Sample:
    """A line of a scrape."""

    name: str
    labels: dict[str, str]
    value: float


def samples(scrape: str) -> list[Sample]:
    """The samples of a scrape, in Prometheus' text format."""
    found = []
    for line in scrape.splitlines():
        if line and not line.startswith("#"):
            head, value = line.rsplit(" ", 1)
            labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', head))
            found.append(Sample(head.split("{")[0], labels, float(value)))
    return found


def exported(scrape: str) -> set[str]:
    """Names of the samples in a scrape."""
    return {sample.name for sample in samples(scrape)}
