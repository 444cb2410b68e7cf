"""Shapes and licences of published models, as their config.json files and model cards have them."""

import difflib
import re
from pathlib import Path

from cluster.config import Section, load_toml, parse
from cluster.engine.gguf_file import PREFIX, is_gguf
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


def name_of(source: str) -> str:
    """OWNER/NAME in `hub:OWNER/NAME@COMMIT`, or at the end of a folder's path; of a GGUF file the model of the table
    that its name begins with, as in NAME.Q4_1.gguf and NAME-Q4_K_M.gguf, else the file's name."""
    if is_gguf(source):
        file = source.removeprefix(PREFIX).rpartition("/")[2].lower()
        begun = [name for low, name in _NAMES.items() if re.match(rf"{re.escape(low.rpartition('/')[2])}[-._]", file)]
        return max(begun, key=len, default=file)
    return "/".join(source.removeprefix("hub:").split("@")[0].rstrip("/").split("/")[-2:])


def nearest_names(hub_name: str) -> tuple[str, ...]:
    """The models of the table whose names are most like `hub_name`, three at most."""
    return tuple(_NAMES[name] for name in difflib.get_close_matches(hub_name.lower(), _NAMES, 3, 0.5))
