"""What may change of a recipe: every key has a class, and each class is held to."""

from typing import Any

import pytest

from cluster.config import parse
from cluster.errors import RequestError
from pipeline.changes import CLASSES, Standing, changes, class_table, key_class, refuse_changed, refused
from pipeline.recipe import Recipe, load_recipe, resolved
from pipeline.recipe_reference import keys, sections
from tests.repository import DATA, RECIPES

LOCAL = RECIPES / "local.toml"
THERE = Standing(planned=True, arms=("sft", "dpo", "sft+dpo"))

KEYS = sorted(
    {
        (*path.split("."), key.name)
        for section, paths in sections(Recipe, "").items()
        for path in paths
        for key in keys(section)
        if key.type != "section"
    }
)


def local(*settings: str) -> Recipe:
    return load_recipe(LOCAL, settings)


@pytest.mark.parametrize("path", KEYS, ids=".".join)
def test_every_key_of_a_recipe_has_a_class(path: tuple[str, ...]) -> None:
    """A new key stands in pipeline/changes.toml: ask whether data that is there would come out otherwise under it."""
    assert key_class(path) in CLASSES


def test_the_table_names_no_key_that_recipes_do_not_have() -> None:
    def fits(pattern: tuple[str, ...]) -> bool:
        return any(
            len(pattern) == len(path) and all(a in ("*", b) for a, b in zip(pattern, path, strict=True))
            for path in KEYS
        )

    assert [pattern for pattern in class_table() if not fits(pattern)] == []


@pytest.mark.parametrize(
    "path",
    [
        *("training.ranks", "engines.teacher.count", "engines.student.live_episodes", "cluster.address"),
        *("training.checkpoint_steps", "engines.teacher.silence_s", "engines.teacher.engine.stall_timeout_s"),
        *("engines.student.engine.kv_cache_mb", "training.tokens_per_micro_step", "run.directory"),
    ],
)
def test_what_does_not_change_data_is_free(path: str) -> None:
    assert key_class(tuple(path.split("."))) == "free"


FREE = [
    "training.ranks=1",
    "training.tokens_per_micro_step=4096",
    "training.checkpoint_steps=5",
    "engines.teacher.count=3",
    "engines.teacher.live_episodes=7",
    "engines.student.engine.kv_cache_mb=64",
    "engines.student.engine.stall_timeout_s=9.0",
    "cluster.address='auto'",
    "run.directory='/tmp'",
    "evaluation.confidence=0.9",
]


@pytest.mark.parametrize("setting", FREE)
def test_a_free_key_may_change_on_a_finished_run(setting: str) -> None:
    assert len(changes(local(), local(setting))) == 1
    assert refused(local(), local(setting), THERE) == []


FIXED = {
    "rollout.temperature=0.5": "rollout.temperature: 1.0 -> 0.5",
    "run.seed=1": "run.seed: 0 -> 1",
    "problems.fol.difficulty=[1, 2]": "problems.fol.difficulty: [1, 1] -> [1, 2]",
    "groups.max_wrong=9": "groups.max_wrong: 8 -> 9",
    "arms.dpo.beta=0.5": "arms.dpo.beta: 0.1 -> 0.5",
    "arms.dpo.pairs='steps'": "arms.dpo.pairs: absent -> 'steps'",
    "rollout.quota={right=1, wrong=1}": "rollout.quota.right: absent -> 1",
    "evaluation.temperature=0.5": "evaluation.temperature: 0.7 -> 0.5",
    "models.teacher.licence='MIT'": "models.teacher.licence: 'Apache-2.0' -> 'MIT'",
    "engines.teacher.engine.dtype='bfloat16'": "engines.teacher.engine.dtype: 'float32' -> 'bfloat16'",
    "training.gpus_per_rank=1": "training.zero.bf16: 'off' -> 'on' (`auto` goes by training.gpus_per_rank)",
}


@pytest.mark.parametrize(("setting", "said"), FIXED.items())
def test_what_would_change_data_that_is_there_is_refused(setting: str, said: str) -> None:
    assert said in refused(local(), local(setting), THERE)


def test_the_precision_may_be_written_out() -> None:
    assert refused(local(), local("training.zero.bf16='off'"), THERE) == []
    assert refused(local(), local("training.gpus_per_rank=1", "training.zero.bf16='off'"), THERE) == []


@pytest.mark.parametrize("setting", FIXED)
def test_before_there_is_a_plan_everything_may_be_corrected(setting: str) -> None:
    assert refused(local(), local(setting), Standing(planned=False)) == []


def test_where_the_data_lies_never_changes() -> None:
    new = local("run.store='s3://bucket/run'")
    assert refused(local(), new, Standing(planned=False)) == ["run.store: '' -> 's3://bucket/run'"]


def test_arms_may_be_added_and_those_of_which_nothing_is_there_may_change_or_go() -> None:
    assert refused(local(), local("arms.more={method='sft'}"), THERE) == []
    begun = Standing(planned=True, arms=("sft",))
    assert refused(local(), local("arms.dpo.beta=0.5"), begun) == []
    assert refused(local(), local("arms.sft.seed=1"), begun) == ["arms.sft.seed: 0 -> 1"]
    assert refused(without("arms", "dpo"), local(), begun) == []
    assert refused(local(), without("arms", "dpo"), begun) == []
    assert refused(local(), without("arms", "dpo"), THERE) == ["arms.dpo is gone"]


def test_an_arm_that_has_begun_and_has_no_model_may_go_or_be_exchanged_but_not_change() -> None:
    half = Standing(planned=True, arms=("sft+dpo", "dpo"), half_trained=("dpo",))
    gone = without("arms", "dpo")
    assert refused(local(), gone, half) == []
    renamed = gone.model_copy(update={"arms": gone.arms | {"dpo2": local("arms.dpo.beta=0.5").arms["dpo"]}})
    assert refused(local(), renamed, half) == []
    assert refused(local(), local("arms.dpo.beta=0.5"), half) == ["arms.dpo.beta: 0.1 -> 0.5"]
    assert refused(local(), without("arms", "sft+dpo"), half) == ["arms.sft+dpo is gone"]


def test_settings_of_zero_matter_to_arms_that_are_half_trained() -> None:
    new = local("training.zero.offload_optimizer='cpu'")
    assert refused(local(), new, THERE) == []
    half = Standing(planned=True, arms=("sft", "dpo"), half_trained=("dpo",))
    said = "training.zero.offload_optimizer: 'none' -> 'cpu', while dpo is half trained"
    assert refused(local(), new, half) == [said]


def test_problems_that_models_have_learnt_are_not_attempted_later() -> None:
    own = "family='jsonl', path='rows.jsonl', toolbox='arithmetic', calls_column='calls'"
    rows = f"problems.own={{{own}, train=3, pretrain=%d}}"
    grown = "problems.own.train=4"
    said = ["problems.own.train: 3 -> 4, where its models have learnt the further problems (pretrain)"]
    assert refused(local(rows % 1), local(rows % 1, grown), THERE) == said
    assert refused(local(rows % 0), local(rows % 0, grown), THERE) == []
    given = ("models.teacher={source='one'}", "models.student={source='one'}")
    assert refused(local(rows % 1, *given), local(rows % 1, *given, grown), THERE) == []


def test_the_refusal_is_one_line_with_the_keys_that_differ_alone() -> None:
    settings = [setting for setting in FIXED if not setting.startswith("training")]
    with pytest.raises(RequestError) as caught:
        refuse_changed(local(), local(*settings), THERE, "runs/local")
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith("run runs/local has data that was made by another recipe (run.seed: 0 -> 1; ")
    assert said.count(" -> ") == 5
    assert "; and 6 more)" in said
    assert said.endswith("; put that back, or give a changed arm a name of its own, or use --run DIR for a new run")
    with pytest.raises(RequestError, match=r"\(run.seed: 0 -> 1\); put that back, or use --run DIR for a new run"):
        refuse_changed(local(), local("run.seed=1"), THERE, "runs/local")


def test_a_long_value_is_cut() -> None:
    (line,) = refused(local(), local(f"models.teacher.licence='{'x' * 500}'"), THERE)
    assert len(line) < 150


def without(*path: str) -> Recipe:
    table: dict[str, Any] = resolved(local())
    node = table
    for part in path[:-1]:
        node = node[part]
    del node[path[-1]]
    return parse(Recipe, table, "a recipe")


def test_an_old_runs_recipe_differs_from_its_own_in_nothing() -> None:
    recipe = load_recipe(DATA / "run-f013669.toml")
    assert changes(recipe, load_recipe(DATA / "run-f013669" / "recipe.toml")) == []
