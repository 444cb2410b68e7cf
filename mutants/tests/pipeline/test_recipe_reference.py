"""The recipe reference: the page is what the types say, and every key has a meaning."""

import pytest

from cluster.config import Section
from pipeline.recipe import Recipe
from pipeline.recipe_reference import TARGET, keys, reference, sections
from pipeline.sweep.points import SweepSection

SECTIONS = [*sections(Recipe, ""), *sections(SweepSection, "sweep")]


def test_the_page_is_current() -> None:
    assert TARGET.read_text(encoding="utf-8") == reference(), "run `python -m pipeline.recipe_reference`"


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_key_has_a_meaning(section: type[Section]) -> None:
    for key in keys(section):
        assert key.meaning[:1].isupper() or key.meaning.startswith(("`", "vLLM")), key
        assert key.meaning.endswith("."), key
        assert len(key.meaning.split()) >= 2, key


def test_a_key_is_listed_with_type_default_and_unit() -> None:
    class Sample(Section):
        limit_s: float = 2.5
        """How long to wait. Unit: seconds."""
        bare: int

    limit, bare = keys(Sample)
    assert (limit.type, limit.default, limit.unit, limit.meaning) == ("number", "`2.5`", "seconds", "How long to wait.")
    assert (bare.type, bare.default, bare.meaning) == ("integer", "required", "")


def test_keys_of_every_part_of_a_recipe_are_found() -> None:
    paths = [path for section in SECTIONS for path in sections(Recipe, "").get(section, [])]
    assert {"run", "models.teacher.tiny", "engines.student.engine", "arms.NAME.scored", "problems.NAME"} <= set(paths)
