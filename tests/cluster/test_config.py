"""Recipes: what is wrong is said in one line, with key, value and remedy."""

import math
from pathlib import Path

import pytest
from pydantic import Field

from cluster.config import Section, apply_settings, load_toml, parse
from cluster.errors import RequestError


class Inner(Section):
    rate: float = 0.1
    sizes: tuple[int, ...] = ()
    span: tuple[int, int] = (1, 2)
    shares: dict[str, float] = Field(default_factory=dict)


class Outer(Section):
    name: str
    inner: Inner = Inner()
    parts: dict[str, Inner] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"name": "a", "inner": {"rat": 1}}, "unknown key inner.rat; did you mean 'rate'?"),
        ({"name": "a", "parts": {"x": {"sise": 1}}}, "unknown key parts.x.sise; did you mean 'sizes'?"),
        ({"name": "a", "inner": {"rate": "fast"}}, "inner.rate = 'fast': input should be a valid number"),
        ({"inner": {}}, "name is missing; add it"),
        ({"name": "a", "zzzzzz": 1}, "unknown key zzzzzz; known keys: inner, name, parts"),
        ({"name": "a", "inner": {"sizes": [1, 2.5]}}, "inner.sizes.1 = 2.5: input should be a valid integer"),
        ({"name": "a", "inner": {"span": [1]}}, "inner.span = [1]: value 2 is missing; add it"),
        ({"name": "a", "inner": {"span": []}}, "inner.span = []: value 1 is missing; add it (and 1 more)"),
        ({"name": "a", "inner": {"span": [1, 2, 3]}}, "inner.span = [1, 2, 3]: tuple should have at most 2 items"),
        ({"name": "a", "inner": {"rate": math.inf}}, "inner.rate = inf: input should be a finite number"),
        ({"name": "a", "inner": {"rate": math.nan}}, "inner.rate = nan: input should be a finite number"),
        ({"name": "a", "parts": {"x": {"rate": -math.inf}}}, "parts.x.rate = -inf: input should be a finite number"),
        ({"name": "a", "inner": {"shares": {"b": math.inf}}}, "inner.shares.b = inf: input should be a finite number"),
        ({"name": "a", "inner": {"sizes": ["1"]}}, "inner.sizes.0 = '1': input should be a valid integer"),
    ],
)
def test_a_fault_is_one_line(table: dict[str, object], said: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse(Outer, table, "recipe r.toml")
    assert str(caught.value).startswith(f"recipe r.toml: {said}")
    assert "\n" not in str(caught.value)


def test_lists_become_tuples_and_sections_are_frozen() -> None:
    parsed = parse(Outer, {"name": "a", "inner": {"sizes": [1, 2], "rate": 1}}, "r")
    assert parsed.inner == Inner(rate=1.0, sizes=(1, 2))
    with pytest.raises(ValueError, match="frozen"):
        parsed.inner.rate = 2.0


def test_settings_override_without_touching_the_table() -> None:
    table = {"inner": {"rate": 0.5}}
    changed = apply_settings(table, ["inner.rate=2", "name=mine", "parts.x.sizes=[1, 2]", "name2='q'"])
    assert changed == {"inner": {"rate": 2}, "name": "mine", "parts": {"x": {"sizes": [1, 2]}}, "name2": "q"}
    assert table == {"inner": {"rate": 0.5}}
    for key in ("arms.sft+dpo.beta", 'arms."sft+dpo".beta'):
        assert apply_settings({}, [f"{key}=1"]) == {"arms": {"sft+dpo": {"beta": 1}}}


@pytest.mark.parametrize("setting", ["rate", "=1", "a..b=1", "inner.rate.x=1"])
def test_a_setting_that_is_none_is_refused(setting: str) -> None:
    with pytest.raises(RequestError, match="--set"):
        apply_settings({"inner": {"rate": 1}}, [setting])


def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path) -> None:
    for name, content, said in (("a.toml", "x = [", "not TOML"), ("b.toml", None, "no such file")):
        path = tmp_path / name
        if content is not None:
            path.write_text(content)
        with pytest.raises(RequestError, match=said):
            load_toml(path)


@pytest.mark.parametrize("setting", ["run.name=a\udcff", "run.names=['a', '\ud800']", "run.\udcff=1"])
def test_half_of_a_character_is_refused_by_its_key(setting: str) -> None:
    with pytest.raises(RequestError, match=r"^run(\.names?)? = .* half of a character"):
        apply_settings({}, [setting])
