"""Every recipe parses; a wrong one is refused in one line; a changed one on an existing run too."""

import copy
import fcntl
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cluster.config import apply_settings, load_toml, parse
from cluster.errors import RequestError
from pipeline.recipe import Recipe, load_recipe, resolved
from pipeline.run.folder import open_run, run_folder
from pipeline.stages.models import models_cache
from tests.repository import ROOT

SWEEPS = {path for path in (ROOT / "recipes").rglob("*.toml") if "\n[sweep" in path.read_text()}
RECIPES = sorted({path for path in (ROOT / "recipes").rglob("*.toml") if path.parent.name != "clusters"} - SWEEPS)
LOCAL = ROOT / "recipes" / "local.toml"


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_parses(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe.problems
    assert [name for name, _ in recipe.arms_in_order()] or path.stem == "regenerate"


@pytest.mark.parametrize(("setting", "says"), [
    ("arms.sft.max_wrong=4", "arms.sft.max_wrong = 4: the arm learns from right chains alone"),
    ("arms.own={method='grpo',rounds={},rewards={format=1e-10}}", "arms.own.rewards.format = 1e-10: weights"),
])  # fmt: skip
def test_options_that_change_nothing_are_refused_in_new_recipes_and_read_in_stored_ones(
    setting: str, says: str
) -> None:
    with pytest.raises(RequestError, match=says):
        load_recipe(LOCAL, [setting])
    parse(Recipe, apply_settings(load_toml(LOCAL), [setting]), "a stored recipe")


def test_the_local_recipe_has_what_the_report_promises() -> None:
    recipe = load_recipe(LOCAL)
    assert set(recipe.arms) == {"sft", "dpo", "sft+dpo"}
    assert set(recipe.problems) == {"arithmetic", "fol"}
    assert all(family.test >= 200 for family in recipe.problems.values())
    assert recipe.training.ranks == 2
    assert recipe.training.zero.stage == 3


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("rollout.sampels=3", "unknown key rollout.sampels; did you mean 'samples'?"),
        ("rollout.samples='many'", "rollout.samples = 'many'"),
        ("rollout.samples=0", "rollout.samples = 0"),
        ("arms.dpo.betta=1", "unknown key arms.dpo.betta; did you mean 'beta'?"),
        ("arms.sft.beta=1", "unknown key arms.sft.beta; did you mean 'adam_beta2'?"),
        ("arms.dpo.method='ppo'", "arms.dpo.method = 'ppo': input should be 'sft' or 'dpo'"),
        ('arms.new={method="grpo"}', "arms.new: method = 'grpo' learns from the policy's own chains"),
        ("arms.new={beta=0.3}", "arms.new.method is missing; set it to 'sft' or 'dpo'"),
        ("arms.new=3", "arms.new = 3: is a section, not a value; write its keys under [arms.new]"),
        ("engines.teacher.engine.speculative={method='ngrm'}", "engines.teacher.engine.speculative"),
        ("run=3", "run = 3: is a section"),
        ("problems=3", "problems = 3: is a section"),
        ("arms.dpo.start='nobody'", "arms.dpo.start = 'nobody': no such arm"),
        ("arms.sft.start='sft+dpo'", "start from each other"),
        ("arms.base.method='sft'", "arm 'base'"),
        ("arms.'a b'.method='sft'", "arm 'a b': taken, or no name of letters"),
        ("arms.dpo={method='dpo', loss_type='ipo', label_smoothing=0.1}", "label_smoothing = 0.1: not for"),
        ("models.teacher.source='x'", "take one away, as `--set models.teacher.tiny=` does"),
        ("models.teacher.tiny=", "models.teacher: give source (a folder, hub:OWNER/NAME@COMMIT or gguf:FILE) or tiny"),
        (
            "problems={mine={family='csv', path='x.csv', train=1}}",
            "toml: problems: none to make tiny models or warm starts from",
        ),
        ("run.name='a/b'", "run.name = 'a/b'"),
        ("engines.teacher.engine.speculative={tokens=4}", "engines.teacher.engine.speculative.method is missing; add"),
        ("engines.teacher.engine.speculative={method='ngram', tokens=0}", "speculative.tokens = 0"),
        ("engines.teacher.engine.speculative={method='ngram', model='x'}", "model = 'x': ngram has none; leave it out"),
        (
            "engines.teacher.engine.speculative={method='draft'}",
            "method = 'draft' needs a model; name a folder",
        ),
        (
            "engines.teacher.engine.speculative={method='ngram', shortest_match=9}",
            "shortest_match = 9 is above longest_match = 4; lower it",
        ),
        (
            "engines.student.engine.speculative={method='eagle', model='x'}",
            "base and every arm are served in turn, and a drafter is for one model; use 'ngram'",
        ),
        ("engines.teacher.engine={seeded=true, speculative={method='ngram'}}", "leave one of them out"),
        ("engines.teacher.engine.kv_cache_dtype='fp4'", "engines.teacher.engine.kv_cache_dtype = 'fp4'"),
        ("engines.teacher.engine.chunked_prefill='yes'", "engines.teacher.engine.chunked_prefill = 'yes'"),
        ("engines.teacher.engine.max_batched_tokens=8", "running sequences of 1 token(s) need"),
        ("engines.teacher.engine={max_batched_tokens=100, chunked_prefill=false}", "max_context = 4096; raise it"),
        (
            "engines.teacher.engine={max_batched_tokens=100, speculative={method='ngram'}}",
            "64 running sequences of 5 token(s) need 320; raise it, or lower max_running",
        ),
        ("problems.fol.difficulty=[3, 1]", "difficulty"),
        ("problems.fol.difficulty=[1]", "problems.fol.difficulty = [1]: value 2 is missing"),
        ("problems.fol.difficulty=[]", "problems.fol.difficulty = []: value 1 is missing"),
        ("problems.fol=[1]", "problems.fol = [1]: is a section, not a value"),
        ("episodes.calls.deadline=inf", "episodes.calls.deadline = inf: input should be a finite number"),
        ("arms.dpo.beta=nan", "arms.dpo.beta = nan: input should be a finite number"),
        ("problems.fol.checker='numerc'", "checker 'numerc': no such checker; did you mean 'numeric'?"),
        ("problems.fol.checker='numeric:inf'", "checker 'numeric:inf': 'inf' is no tolerance"),
        ("run.seed=" + "9" * 5000, "run.seed"),
        ("run.seed=-1", "run.seed = -1: input should be greater than or equal to 0"),
        ("evaluation.seed=4294967296", "evaluation.seed = 4294967296: input should be less than 4294967296"),
        ("problems.fol.seed=-5", "problems.fol.seed = -5"),
        ("models.teacher.tiny.seed=-5", "models.teacher.tiny.seed = -5"),
        ("arms.dpo.seed=99999999999999999999", "arms.dpo.seed = 99999999999999999999"),
        (
            "arms.dpo={method='dpo', loss_type='ipo', length_normalised=true}",
            "'ipo' is so by itself; leave it out",
        ),
        ("run.seed=" + "[" * 5000, "run.seed"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(setting: str, said: str) -> None:
    with pytest.raises(RequestError) as caught:
        load_recipe(LOCAL, [setting])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


GRPO = ("arms.own.method=grpo", "arms.own.rounds={}")
DISTILL = ("arms.own.method=distill", "arms.own.rounds={}")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (GRPO, "arms.own: method = 'grpo' learns at the very tokens that were sampled, and episodes.thoughts = 'cut'"),
        ((*DISTILL, "arms.own.compare=sampled"), "arms.own: compare = 'sampled' learns at the very tokens"),
        (DISTILL, ""),
        (("arms.own.method=dpo", "arms.own.rounds={}"), ""),
    ],
)
def test_arms_that_learn_at_sampled_tokens_are_refused_where_thoughts_are_cut(
    settings: tuple[str, ...], said: str
) -> None:
    """Chains without thoughts have other ids than those that were sampled, and no log-probabilities: a round that costs
    hours would end in an error."""
    assert load_recipe(LOCAL, settings).episodes.thoughts == "keep"
    if not said:
        assert load_recipe(LOCAL, [*settings, "episodes.thoughts=cut"]).arms["own"].rounds is not None
        return
    assert load_recipe(LOCAL, [*settings, "episodes.thoughts=forbid"]).arms["own"].rounds is not None
    with pytest.raises(RequestError) as caught:
        load_recipe(LOCAL, [*settings, "episodes.thoughts=cut"])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "schedule"),
    [("", "cosine"), (", rounds={}", "constant"), (", rounds={}, lr_scheduler_type='linear'", "linear")],
)
def test_rounds_keep_their_learning_rate_where_no_schedule_is_given(options: str, schedule: str) -> None:
    """It begins anew in each of them, and transformers' warm-up begins at 0."""
    recipe = load_recipe(LOCAL, [f"arms.x={{method='sft'{options}}}"])
    assert recipe.arms["x"].lr_scheduler_type == schedule


def test_a_setting_without_a_value_takes_the_key_away() -> None:
    settings = ["models.teacher.source=models/mine", "models.teacher.tiny=", "arms.'sft+dpo'=", "run.directory=''"]
    recipe = load_recipe(LOCAL, settings)
    assert recipe.models.teacher.source == "models/mine"
    assert recipe.models.teacher.tiny is None
    assert set(recipe.arms) == {"sft", "dpo"}
    assert recipe.run.directory == ""
    for absent in ("models.techer.tiny=", "models.teacher.tiyn=", "run.store="):
        with pytest.raises(RequestError, match=f"--set {absent}: there is no such key to take away"):
            load_recipe(LOCAL, [absent])


def keys(table: Mapping[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in table.items():
        yield (*at, key)
        if isinstance(value, dict):
            yield from keys(value, (*at, key))


@pytest.mark.parametrize(
    "value", [[], [1], [[None]], {"x": 1}, "", "\ud800", math.inf, -math.inf, math.nan, -1, 10**30]
)
def test_no_value_of_any_key_is_more_than_one_line(value: Any) -> None:
    """What is not refused is at least finite."""
    table = resolved(load_recipe(LOCAL))
    messages = [""]
    for path in keys(table):
        changed = copy.deepcopy(table)
        node = changed
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value
        if isinstance(value, float):
            with pytest.raises(RequestError, match=rf"^recipe: [^\n]*{value}[^\n]*$"):
                parse(Recipe, changed, "recipe")
            continue
        try:
            parse(Recipe, changed, "recipe")
        except RequestError as error:
            messages.append(str(error))
    assert [message for message in messages if "\n" in message] == []


def test_a_folder_that_is_no_run_and_a_run_at_work_are_refused(tmp_path: Path) -> None:
    recipe = load_recipe(LOCAL)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(RequestError, match=r"holds no recipe\.toml"):
        open_run(recipe, tmp_path / "other", Console(), False).__enter__()
    with (
        open_run(recipe, tmp_path / "run", Console(), False),
        pytest.raises(RequestError, match="another chainpref command works on it"),
    ):
        open_run(recipe, tmp_path / "run", Console(), False).__enter__()


def test_the_lock_is_on_a_file_opened_for_writing_as_nfs_wants_it(tmp_path: Path) -> None:
    with open_run(load_recipe(LOCAL), tmp_path / "run", Console(), False) as run:
        assert (run.folder / ".lock").is_file()
        with (run.folder / ".lock").open("r+") as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_tiny_models_are_kept_beside_the_run_unless_the_recipe_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with open_run(load_recipe(LOCAL), tmp_path / "runs" / "local", Console(), False) as run:
        assert models_cache(run) == tmp_path / "runs" / ".models"
        assert list((tmp_path / "here").iterdir()) == []
    with open_run(load_recipe(LOCAL, ["models.cache=kept"]), run.folder, Console(), False) as run:
        assert models_cache(run) == tmp_path / "here" / "kept"


def test_run_folder(tmp_path: Path) -> None:
    recipe = load_recipe(LOCAL)
    assert run_folder(recipe, None).parts[-2:] == ("runs", "local")
    assert run_folder(recipe, tmp_path) == tmp_path
