"""From a model's folder to preference groups in a native format, for a student of another family."""

import asyncio
from pathlib import Path

import pytest
from transformers import LlamaConfig

from benchmarks.templates.__main__ import shipped_templates, tokenizer_for
from cluster.engine.options import EngineConfig
from cluster.engine.scripted import ScriptedConfig
from cluster.errors import RequestError
from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from rollout.config import EpisodeConfig, GroupsConfig
from rollout.data import layout
from rollout.data.shards import read_rows
from rollout.group_units import GroupWork, build_group_unit
from rollout.hosts.host import RolloutHost
from rollout.hosts.work import ChunkResult, EpisodeWork, HostSpec, ServedModel
from rollout.problems import FamilyConfig, generate
from rollout.prompts.native_template import open_template
from rollout.records import Episode, Outcome, PreferenceGroup, Producer, Score
from tests.rollout.prompts.native_models import tokenizer

PROBLEMS = tuple(generate(FamilyConfig(family="arithmetic", train=3, difficulty=(2, 2)), "train"))
ASKED = EpisodeConfig(call_format="native", verbosity="full", max_failed_steps=0)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tiny Llamas with the chat templates of real models."""
    made = {}
    for name in ("llama3_1", "mistral_v3", "phi3"):
        made[name] = tmp_path_factory.mktemp(name)
        tokenizer(name).save_pretrained(str(made[name]))
        LlamaConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, vocab_size=300).save_pretrained(
            made[name]
        )
    return made


def host(folder: Path, run: Path) -> tuple[RolloutHost, ServedModel]:
    producer = Producer(model="teacher", revision="0", licence="CC0-1.0")
    model = ServedModel(name="teacher", source=str(folder), producer=producer)
    spec = HostSpec(
        name="host",
        run_uri=str(run),
        generation="g",
        parent="",
        model=model,
        engine=EngineConfig(max_context=60_000),
        episodes=ASKED,
        live_episodes=8,
        seed=0,
        scripted=ScriptedConfig(wrong=0.5, seed=1),
    )
    return RolloutHost(spec), model


async def do(served: RolloutHost, *units: EpisodeWork) -> list[ChunkResult]:
    await served.start()
    return [await served.run(unit, 0, unit.size) for unit in units]


def test_native_episodes_become_groups_of_a_student_with_another_template(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    served, model = host(folders["llama3_1"], tmp_path)
    unit = EpisodeWork(
        unit="u", prefix="episodes", model=model, problems=PROBLEMS, samples=tuple(range(8)), temperature=1.0
    )
    asyncio.run(do(served, unit))
    store = open_store(str(tmp_path))
    episodes = list(read_rows(Episode, Ledger(store, "episodes")))
    assert {episode.call_format for episode in episodes} == {"native"}
    assert {episode.outcome for episode in episodes} == {Outcome.RIGHT, Outcome.WRONG}

    for student in ("llama3_1", "mistral_v3"):
        work = GroupWork(
            unit=f"b00000-{student}",
            run_uri=str(tmp_path),
            episode_units=("u",),
            problems=tuple(problem.id for problem in PROBLEMS),
            student=student,
            student_source=str(folders[student]),
            groups=GroupsConfig(),
        )
        build_group_unit(work)
        groups = list(read_rows(PreferenceGroup, Ledger(store, layout.groups(student))))
        assert len(groups) == len(PROBLEMS)
        made = tokenizer(student)
        for group in groups:
            assert group.pairs
            assert '"add"' in made.decode(group.prompt_ids)
            chain = made.decode(group.right[0].token_ids)
            assert ("[TOOL_RESULTS]" in chain) == (student == "mistral_v3")
            own = {episode.prompt_ids for episode in episodes if episode.problem_id == group.problem_id}
            assert (group.prompt_ids in own) == (student == "llama3_1")


def test_a_suite_is_asked_as_its_section_says(folders: dict[str, Path], tmp_path: Path) -> None:
    served, model = host(folders["mistral_v3"], tmp_path)
    distracted = tuple(generate(FamilyConfig(family="arithmetic", test=2, distractors=50), "test"))
    suites = {
        "native": (PROBLEMS, {}),
        "python": (PROBLEMS, {"call_format": "python", "verbosity": "full"}),
        "many": (distracted, {"call_format": "json", "retrieve": 5}),
    }
    units = [
        EpisodeWork(
            unit=f"s-{suite}",
            prefix="scores",
            model=model,
            problems=problems,
            samples=(0,),
            temperature=0.0,
            suite=suite,
            episodes=ASKED.of_suite(settings),  # type: ignore[arg-type]
        )
        for suite, (problems, settings) in suites.items()
    ]
    asyncio.run(do(served, *units))
    scores = list(read_rows(Score, Ledger(open_store(str(tmp_path)), "scores")))
    formats = {score.suite: score.episode.call_format for score in scores}
    assert formats == {"native": "native", "python": "python", "many": "json"}
    for score in scores:
        assert len(score.episode.shown) == (6 if score.suite == "many" else 0)
        assert ("Example:" in score.episode.prompt_text) == (score.suite == "python")


def test_a_model_whose_template_shows_no_functions_is_refused_with_a_remedy(folders: dict[str, Path]) -> None:
    with pytest.raises(RequestError, match="does not render functions; use call format json or python"):
        open_template(folders["phi3"], "native")
    assert open_template(folders["phi3"], "json")[1].name == "json"


@pytest.mark.parametrize("call_format", ["json", "native"])
def test_a_model_that_always_thinks_is_refused_where_thoughts_are_forbidden(call_format: str, tmp_path: Path) -> None:
    for name in ("gptoss", "qwen3"):
        tokenizer_for(name, shipped_templates()[name]).save_pretrained(str(tmp_path / name))
    with pytest.raises(RequestError, match=r"gptoss.* no switch .*; set episodes.thoughts to keep or cut"):
        open_template(tmp_path / "gptoss", call_format, forbid_thoughts=True)
    assert open_template(tmp_path / "gptoss", call_format)[0].stop_ids
    forbidden, _ = open_template(tmp_path / "qwen3", call_format, forbid_thoughts=True)
    assert forbidden.hash != open_template(tmp_path / "qwen3", call_format)[0].hash
