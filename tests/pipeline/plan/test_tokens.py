"""What the plan counts of a recipe's tokens, and what engines without a GPU make of them."""

import json
from pathlib import Path

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


def test_all_turns_of_a_conversation_are_counted(tmp_path: Path) -> None:
    def call(name: str, **arguments: int) -> dict[str, object]:
        return {"name": name, "arguments": arguments}

    things = ("nuts", "pears", "plums", "eggs", "leeks", "beans", "pens", "cups", "coats", "hats")
    later = {
        "text": "And the same again, please, my dear?" * 20,
        "calls": [call("add", a=3, b=4), call("finish", answer=7)],
    }
    for name, turns in (("one", []), ("two", [later])):
        rows = [
            {
                "text": f"Three {thing} and four, how many?",
                "answer": 7,
                "calls": [call("add", a=3, b=4), call("finish", answer=7)],
                "turns": turns,
            }
            for thing in things
        ]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    given = "family='jsonl', toolbox='arithmetic', checker='numeric', train=2, duplicates='exact'"
    given += ", calls_column='calls', turns_column='turns'"
    settings = [f"problems.{name}={{{given}, path='{tmp_path}/{name}.jsonl'}}" for name in ("one", "two")]
    lengths = demands_of(load_recipe(RECIPES / "local.toml", settings), on_gpus=False).lengths
    assert lengths["two"].steps > 1.8 * lengths["one"].steps  # some are malformed first
    assert lengths["two"].prompt == pytest.approx(lengths["one"].prompt, rel=0.05)
    assert lengths["two"].context > lengths["one"].context + len(later["text"]) / 6


def test_threads_of_an_engine_count_as_far_as_there_are_cores() -> None:
    seconds = []
    for threads in (0, 1, 2, 64):
        stages = {
            each.name: each for each in stage_times(planned("local", "", f"engines.teacher.engine.threads={threads}"))
        }
        seconds.append(dict(stages["rollout"].time)["tokens"])
    assert seconds[0] == seconds[1]
    assert seconds[2] == seconds[3] == pytest.approx(seconds[0] / 2**0.77)
