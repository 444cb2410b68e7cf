"""Shapes and licences of published models, as their config.json files and model cards have them."""

import difflib
from pathlib import Path

from cluster.config import Section, load_toml, parse
from pipeline.estimates.shapes import ModelShape, ShapeConfig, shape_of

_SOURCE = "table of published config.json files"
_TABLE = Path(__file__).with_name("published.toml")


class _Published(ShapeConfig):
    """Models of one shape and licence."""

    names: tuple[str, ...]
    """Names on the Hub: OWNER/NAME."""
    licence: str


class _Table(Section):
    """The file of published models."""

    models: tuple[_Published, ...]


_PUBLISHED = {
    name: model
    for model in parse(_Table, load_toml(_TABLE, "table of models"), f"{_TABLE}").models
    for name in model.names
}
_NAMES = {name.lower(): name for name in _PUBLISHED}


def published_shape(hub_name: str) -> ModelShape | None:
    """The shape of a model of the Hub that the table knows, None for others. `hub_name`: OWNER/NAME."""
    found = _NAMES.get(hub_name.lower())
    return shape_of(found, _PUBLISHED[found], _SOURCE) if found else None


def published_licence(hub_name: str) -> str:
    """The licence that a model of the table is published under; "" for others. `hub_name`: OWNER/NAME."""
    found = _NAMES.get(hub_name.lower())
    return _PUBLISHED[found].licence if found else ""


def nearest_names(hub_name: str) -> tuple[str, ...]:
    """The models of the table whose names are most like `hub_name`, three at most."""
    return tuple(_NAMES[name] for name in difflib.get_close_matches(hub_name.lower(), _NAMES, 3, 0.5))
