"""What the plan counts of a recipe's tokens, and what engines without a GPU make of them."""

import pytest

from pipeline.plan.outcome import stage_times
from pipeline.plan.tokens import demands_of
from pipeline.recipe import load_recipe
from tests.pipeline.plan.planned import planned
from tests.repository import RECIPES


def test_a_section_with_settings_of_its_own_is_counted_with_them() -> None:
    local = RECIPES / "local.toml"
    section = "problems.{name}={{family='letters', test=4, pretrain=0, verbosity='{verbosity}'}}"
    settings = [section.format(name=name, verbosity=name) for name in ("names", "full")]
    lengths = demands_of(load_recipe(local, settings), on_gpus=False).lengths
    assert lengths["full"].prompt > 2 * lengths["names"].prompt


def test_threads_of_an_engine_count_as_far_as_there_are_cores() -> None:
    seconds = []
    for threads in (0, 1, 2, 64):
        stages = {
            each.name: each for each in stage_times(planned("local", "", f"engines.teacher.engine.threads={threads}"))
        }
        seconds.append(dict(stages["rollout"].time)["tokens"])
    assert seconds[0] == seconds[1]
    assert seconds[2] == seconds[3] == pytest.approx(seconds[0] / 2**0.77)
