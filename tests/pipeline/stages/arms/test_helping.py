"""Attempts with help and attempts that the teacher began: how many there are, at which problems, and what they get."""

import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError
from rich.console import Console

from cluster.errors import RequestError
from pipeline.run.folder import Run, read_run
from pipeline.run.models import served_from
from pipeline.run.workload import train_problems
from pipeline.stages.arms.helping import guides, helpable, refuse_missing_help, spans, takes_of_teacher
from pipeline.stages.arms.policies import ArmRounds, plan_rounds
from pipeline.stages.arms.round import Round
from rollout.config import HelpConfig
from rollout.data import layout
from rollout.data.group_rows import live_units, read_groups
from rollout.data.shards import encode_rows
from rollout.episodes.guide import replies_of
from rollout.hosts.episode_units import plan_units
from rollout.records import PreferenceGroup
from rollout.rounds import GuideConfig, RoundsConfig
from tests.pipeline.commands.rounds_made import with_arms
from tests.repository import DATA
from tests.rollout.data.rows import chain, group
from training.config import DistillArm, DpoArm

HELPED = DpoArm(
    method="dpo",
    chosen_from="helped",
    help=HelpConfig(answer=True, samples=3),
    rounds=RoundsConfig(rounds=2, problems=4, samples=5),
)
GUIDED = DistillArm(
    method="distill", guide=GuideConfig(share=0.75), rounds=RoundsConfig(rounds=4, problems=4, samples=8, fresh=False)
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    shutil.copytree(DATA / "run-f013669", tmp_path / "run")
    return with_arms(tmp_path / "run", {"helped": HELPED, "guided": GUIDED})


def test_the_teachers_turns_are_withdrawn_in_a_straight_line() -> None:
    assert spans(GUIDED) == [(2, 6), (4, 4), (6, 2), (8, 0)]
    soon = GUIDED.model_copy(update={"guide": GuideConfig(share=0.5, until=2)})
    assert spans(soon) == [(4, 4), (6, 2), (8, 0), (8, 0)]
    most = GUIDED.model_copy(update={"guide": GuideConfig(share=0.99)})
    assert spans(most)[0] == (1, 7), "some are the student's own, which say how good it is"
    assert spans(HELPED) == [(5, 3)] * 2
    assert spans(HELPED.model_copy(update={"help": HelpConfig(text="t")})) == [(5, 5)] * 2
    assert spans(DpoArm(method="dpo", rounds=RoundsConfig())) == []
    assert [takes_of_teacher(arm) for arm in (GUIDED, HELPED)] == [True, False]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"guide": GuideConfig(share=0.5, until=5)}, r"guide.until = 5: there are 4 rounds; lower it"),
        ({"rounds": RoundsConfig(rounds=1)}, r"guide: in the last round none .* rounds.rounds = 1; raise it, or set"),
        ({"guide": GuideConfig(share=0.01)}, r"guide.share = 0.01: none of rounds.samples = 8 attempts; raise one"),
        ({"rounds": None}, r"made in rounds; set rounds"),
    ],
)
def test_a_guide_that_guides_nothing_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        DistillArm.model_validate(GUIDED.model_dump() | changes)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"help": None}, "chosen_from = 'helped': it needs `help`, which says what is shown"),
        ({"chosen_from": "policy"}, "chosen_from = 'policy': `help` is for 'helped' alone"),
        ({"rounds": None}, "the policy makes its attempts with help in rounds; set rounds"),
    ],
)
def test_help_that_is_not_used_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        DpoArm.model_validate(HELPED.model_dump() | changes)


def test_attempts_with_help_are_others_at_the_same_problems() -> None:
    names = [f"p{at}" for at in range(9)]
    config = RoundsConfig(rounds=2, problems=5, samples=3)
    plan = plan_rounds(names, config, 0, "run/arm", 2, [(3, 2), (5, 0)], set(names) - {"p0", "p1", "p2"})
    assert plan.rounds[0] == plan_rounds(names, config, 0, "run/arm", 2).rounds[0], "help changes nothing of the others"
    assert plan.helped[1] == ()
    for own in plan.rounds[0]:
        helped = [unit for unit in plan.helped[0] if unit.block == own.block]
        able = tuple(name for name in own.problem_ids if name not in ("p0", "p1", "p2"))
        assert [unit.problem_ids for unit in helped] == ([able] if able else [])
        for unit in helped:
            assert (unit.sample_start, unit.sample_stop) == (3, 5), "a sample of a problem is one attempt of the round"
            assert unit.name != own.name
    assert {unit.sample_stop for unit in plan.rounds[1]} == {5}


def test_only_problems_with_a_chain_of_several_turns_are_guided(run: Run) -> None:
    rounds = ArmRounds(run, "guided", GUIDED)
    plan = rounds.plan()
    groups = list(read_groups(run.ledger(layout.groups(run.student)), plan.taught))
    long = {group.problem_id for group in groups if any(len(replies_of(chain)) > 1 for chain in group.right)}
    able = helpable(run, GUIDED, train_problems(run), plan.taught)
    assert able == long
    assert able
    assert {name for units in plan.helped for unit in units for name in unit.problem_ids} <= able
    assert plan.helped[3] == ()


def test_what_the_teacher_begins_is_the_same_when_it_is_asked_again(run: Run) -> None:
    rounds = ArmRounds(run, "guided", GUIDED)
    each, plan = Round(rounds, []), rounds.plan()
    found = guides(run, GUIDED, each.helped_units, plan.taught)
    assert {*found} == {
        (name, sample) for unit in each.helped_units for name in unit.problem_ids for sample in range(2, 8)
    }
    assert guides(run, GUIDED, each.helped_units, plan.taught) == found
    for unit in each.helped_units:
        part = guides(run, GUIDED, [unit], plan.taught)
        assert part.items() <= found.items(), "a unit that is done alone is begun as it is with the others"
    rights = {
        group.problem_id: (group.prompt_ids, [replies_of(chain) for chain in group.right])
        for group in read_groups(run.ledger(layout.groups(run.student)), plan.taught)
    }
    for (name, _), guide in found.items():
        prompt, chains = rights[name]
        begun = len(guide.replies)
        assert guide.prompt_ids == prompt
        assert any(chain[:begun] == guide.replies and 0 < begun < len(chain) for chain in chains)
    works = each.episode_works(
        served_from(run, each.title, each.policy), {problem.id: problem for problem in train_problems(run)}
    )
    given = {place: guide for work in works for place, guide in work.guides.items()}
    assert given == found
    assert {work.prefix for work in works if work.guides} == {layout.round_helped("guided", 0)}
    assert all(problem.help is None for work in works for problem in work.problems)


def test_every_number_of_turns_but_all_begins_some_attempt(run: Run) -> None:
    steps = (0, 0, -1, 1, -1, 2, 2, -1, 3)
    long = chain(*range(10, 19), step=steps)
    encoded = encode_rows(PreferenceGroup, [group("p", chains=(long, chain(90, 91)))])
    run.ledger(layout.groups(run.student)).publish("b00000-long", encoded.payload, encoded.rows)
    (unit,) = plan_units(["p"], 40, 1, 40, "run/guided/r000/helped")
    found = guides(run, GUIDED, [unit], ["b00000-long"])
    replies = ((10, 11), (13,), (15, 16), (18,))
    assert {guide.replies for guide in found.values()} == {replies[:1], replies[:2], replies[:3]}
    other = guides(run, GUIDED.model_copy(update={"seed": 1}), [unit], ["b00000-long"])
    assert other.keys() == found.keys()
    assert other != found


def test_help_is_in_the_attempts_with_help_alone(run: Run) -> None:
    each = Round(ArmRounds(run, "helped", HELPED), [])
    problems = {problem.id: problem for problem in train_problems(run)}
    works = each.episode_works(served_from(run, each.title, each.policy), problems)
    for work in works:
        shown = [problem.help is not None for problem in work.problems]
        assert shown == [work.prefix == layout.round_helped("helped", 0)] * len(shown)
        assert not work.guides
    assert {work.prefix for work in works} == {each.episodes, each.helped}
    assert all(problem.help is None for problem in train_problems(run)), "the stored problems stay as they are"


def test_help_that_the_problems_lack_is_refused_by_name(run: Run) -> None:
    refuse_missing_help(run)
    for config, says in (
        (HelpConfig(examples=32), r"arms.x.help.examples = 32: only \d+ other train problems have gold calls"),
        (HelpConfig(answer=True), None),
    ):
        arm = HELPED.model_copy(update={"help": config})
        other = with_arms(run.folder, {"x": arm})
        if says is None:
            refuse_missing_help(other)
            continue
        with pytest.raises(RequestError, match=says):
            refuse_missing_help(other)


def test_the_groups_that_taught_stay_those_that_it_began_with(run: Run) -> None:
    plan = ArmRounds(run, "guided", GUIDED).plan()
    assert list(plan.taught) == [one.unit for one in live_units(run.ledger(layout.groups(run.student)))]
    assert ArmRounds(run, "helped", HELPED).plan().taught == ()
    assert read_run(run.folder, Console(quiet=True)).folder == run.folder
