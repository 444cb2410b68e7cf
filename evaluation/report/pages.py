"""What all pages have in common: templates that escape everything, one style, files that are whole or not there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

import evaluation.report.browser as browser
from cluster.store.atomic import atomic_file
from cluster.store.digests import sealed
from evaluation.figures import between, p_text, percent, points, signed
from evaluation.report.chains import first_difference

HERE = Path(__file__).parent
COUNTS = ("tokens_per_right", "calls_per_right", "calls_ratio", "format_entropy")
"""Metrics that are not shares, and are shown as numbers."""


def render(template: str, **values: Any) -> str:
    """A page from a template of this folder; an undefined name is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Numbers have thin spaces between thousands.
    made.filters["count"] = lambda value: f"{value:,}".replace(",", "\u202f")
    made.filters["level"] = lambda confidence: f"{100 * confidence:g}\u00a0%"
    made.filters |= {"figure": figure_text, "clip": browser.clip}
    made.filters |= {one.__name__: one for one in (between, p_text, percent, points, signed)}
    made.globals |= {"shown": browser, "first_difference": first_difference}
    made.globals["style"] = Markup((HERE / "page.css").read_text(encoding="utf-8"))
    return made.get_template(template).render(values)


def figure_text(value: Any, name: str) -> str:
    """A metric as text: a share in percent, a count or a ratio as a number, pass@k at every k."""
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {percent(share)}" for k, share in value.items()) or "—"
    if value is None:
        return "—"
    return f"{value:.2f}" if name in COUNTS else percent(value)


def write_page(path: Path, page: str) -> None:
    """Write `page` to `path` with its digest at the end, whole or not at all. Raises OSError."""
    with atomic_file(path, replace=True) as file:
        file.write(sealed(page.encode("utf-8", "replace").rstrip() + b"\n", "html"))
