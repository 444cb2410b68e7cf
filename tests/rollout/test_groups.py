"""From episodes to chains and groups: verbatim ids, masks, multiplicities, and chains that are never rejected."""

import asyncio

import msgspec

from rollout.config import GroupsConfig
from rollout.episodes.episode import SampleSpec, run_episode
from rollout.groups import build_group, choose_chains, with_taught
from rollout.prompts.rendering import render_episode, render_prompt
from rollout.prompts.template import ChatTemplate
from rollout.records import Chain, Episode, ErrorCode, Outcome, PairRule, PreferenceGroup, StopReason
from tests.rollout.conversations import ADDITION, RIGHT, WRONG, chat_template, setting, tokenizer

REPAIRED = ("nonsense", *RIGHT)
SCRIPTS = {0: RIGHT, 1: RIGHT, 2: WRONG, 3: REPAIRED, 4: ("nonsense", "nonsense"), 5: ("x" * 600,)}


def episodes() -> list[Episode]:
    def replies(episode: str, step: int) -> str:
        return SCRIPTS[int(episode.rpartition("#")[2])][step]

    async def play() -> list[Episode]:
        made = setting(replies)
        return [await run_episode(ADDITION, SampleSpec(sample=sample, temperature=1.0), made) for sample in SCRIPTS]

    return asyncio.run(play())


def aborted() -> Episode:
    """A right episode whose end a fault of machines lost. In `hosts/test_host.py` the engine makes such ones."""
    lost = {"stop": StopReason.INFRASTRUCTURE, "outcome": Outcome.INFRASTRUCTURE, "answer": None, "reward": 0.0}
    return msgspec.structs.replace(episodes()[0], sample=9, **lost)


def test_a_group_holds_each_distinct_chain_once() -> None:
    group = build_group([*episodes(), aborted()], "s", chat_template(), GroupsConfig())
    assert group is not None
    assert [(chain.label, chain.multiplicity, chain.episodes) for chain in group.chains] == [
        (Outcome.RIGHT, 2, (0, 1)),
        (Outcome.RIGHT, 1, (3,)),
        (Outcome.WRONG, 1, (2,)),
        (Outcome.WRONG, 1, (4,)),
    ]
    assert group.pairs == 4
    assert group.chains[1].failed_steps == (0,)


def test_infrastructure_is_never_a_chain_and_truncated_only_where_asked() -> None:
    assert build_group([aborted()], "s", chat_template(), GroupsConfig()) is None
    cut = episodes()[5]
    assert build_group([cut], "s", chat_template(), GroupsConfig()) is None
    group = build_group([cut], "s", chat_template(), GroupsConfig(truncated_as_wrong=True))
    assert group is not None
    assert [chain.label for chain in group.chains] == [Outcome.TRUNCATED]
    assert len(group.wrong) == 1


def test_sampled_ids_go_through_verbatim_and_only_replies_are_written() -> None:
    episode = episodes()[3]
    # Ids that the tokenizer would never make from the text: what was sampled counts, not what it reads as.
    first = msgspec.structs.replace(episode.steps[0], token_ids=(5, 6, 7, *episode.steps[0].token_ids))
    episode = msgspec.structs.replace(episode, steps=(first, *episode.steps[1:]))
    rendered = render_episode(episode, chat_template())
    replies = [i for step in episode.steps for i in step.token_ids]
    assert rendered.token_ids[:3] == (5, 6, 7)
    assert [i for i, step in zip(rendered.token_ids, rendered.step, strict=True) if step >= 0] == replies
    assert set(rendered.step) == {-1, 0, 1, 2}
    assert rendered.failed_steps == (0,)


def test_another_tokenizer_renders_from_the_text() -> None:
    other = chat_template(first=7)
    episode = episodes()[3]
    rendered = render_episode(episode, other)
    texts = [
        other.decode_reply([i for i, s in zip(rendered.token_ids, rendered.step, strict=True) if s == step])
        for step in range(3)
    ]
    assert texts == list(REPAIRED)
    assert rendered.token_ids != render_episode(episode, chat_template()).token_ids
    assert render_prompt(episode, other) != episode.prompt_ids


def test_another_template_of_the_same_tokenizer_renders_from_the_text_too() -> None:
    loud = ChatTemplate(
        tokenizer(
            "{% for m in messages %}{{ '<|' + m['role'] + '|>!' + m['content'] + '<|end|>' }}{% endfor %}"
            "{% if add_generation_prompt %}{{ '<|assistant|>!' }}{% endif %}"
        )
    )
    prompt = loud.decode_reply(render_prompt(episodes()[0], loud))
    assert prompt.startswith("<|user|>!")


def test_chains_beyond_the_limit_are_left_out_whole() -> None:
    made = episodes()
    shortest = min(len(render_episode(episode, chat_template()).token_ids) for episode in made[:5])
    limit = len(made[0].prompt_ids) + shortest
    group = build_group(made, "s", chat_template(), GroupsConfig(max_tokens=limit))
    assert group is not None
    assert {len(chain.token_ids) for chain in group.chains} == {shortest}


def chain(label: Outcome, error: ErrorCode | None, token: int) -> Chain:
    return Chain(
        token_ids=(token,), step=(0,), failed_steps=(), label=label, error=error, multiplicity=1, episodes=(token,)
    )


def test_the_rule_caps_and_stratifies() -> None:
    wrong = [
        chain(Outcome.WRONG, code, index)
        for index, code in enumerate(
            [ErrorCode.NOT_A_CALL, ErrorCode.NOT_A_CALL, ErrorCode.NOT_A_CALL, ErrorCode.ANSWER_WRONG]
        )
    ]
    right = [chain(Outcome.RIGHT, None, 10), chain(Outcome.RIGHT, None, 11)]
    first = choose_chains([*wrong, *right], PairRule(max_right=1, max_wrong=2))
    assert [c.token_ids[0] for c in first] == [10, 0, 1]
    varied = choose_chains([*wrong, *right], PairRule(max_wrong=2, stratify_errors=True))
    assert [c.token_ids[0] for c in varied] == [10, 11, 0, 3]


def test_records_go_through_json_and_back() -> None:
    group = build_group(episodes(), "s", chat_template(), GroupsConfig())
    assert msgspec.json.decode(msgspec.json.encode(group), type=type(group)) == group


def test_a_group_names_the_tokenizer_and_the_template_of_its_student() -> None:
    student = chat_template(first=7)
    made = episodes()
    group = build_group(made, "s", student, GroupsConfig())
    assert group is not None
    teachers = made[0].provenance
    assert group.provenance == msgspec.structs.replace(
        teachers, tokenizer_hash=student.tokenizer_hash, template_hash=student.hash
    )
    assert group.provenance.tokenizer_hash != teachers.tokenizer_hash


def of_both() -> tuple[PreferenceGroup, list[Chain]]:
    """A policy's group, and the teacher's right chains of the same problem: the first one both wrote."""
    own = [
        chain(Outcome.RIGHT, None, 1),
        chain(Outcome.RIGHT, None, 2),
        chain(Outcome.WRONG, ErrorCode.ANSWER_WRONG, 3),
    ]
    built = build_group(episodes(), "s", chat_template(), GroupsConfig())
    assert built is not None
    taught = [chain(Outcome.RIGHT, None, 2), chain(Outcome.RIGHT, None, 9)]
    logprobs = [msgspec.structs.replace(one, logprobs=(-1.0,)) for one in taught]
    return msgspec.structs.replace(built, chains=tuple(own)), [
        msgspec.structs.replace(one, multiplicity=3, episodes=(0, 1, 5)) for one in logprobs
    ]


def written(group: PreferenceGroup | None) -> list[tuple[int, str, int, tuple[int, ...], tuple[int, ...]]]:
    chains = group.chains if group is not None else ()
    return [(c.token_ids[0], c.label.value, c.multiplicity, c.episodes, c.teacher_episodes) for c in chains]


def test_the_teachers_right_chains_join_those_of_a_policy_or_take_their_place() -> None:
    group, taught = of_both()
    assert written(with_taught(group, taught, "both")) == [
        (1, "right", 1, (1,), ()),
        (2, "right", 4, (2,), (0, 1, 5)),
        (9, "right", 3, (), (0, 1, 5)),
        (3, "wrong", 1, (3,), ()),
    ]
    assert written(with_taught(group, taught, "teacher")) == [
        (2, "right", 3, (), (0, 1, 5)),
        (9, "right", 3, (), (0, 1, 5)),
        (3, "wrong", 1, (3,), ()),
    ]
    joined = with_taught(group, taught, "teacher")
    assert joined is not None
    assert {one.logprobs for one in joined.right} == {()}, "the sampler's log-probabilities are the policy's alone"


def test_a_group_without_a_chain_of_the_teacher_keeps_what_is_left() -> None:
    group, _ = of_both()
    assert with_taught(group, [], "both") == group
    assert written(with_taught(group, [], "teacher")) == [(3, "wrong", 1, (3,), ())]
    assert with_taught(msgspec.structs.replace(group, chains=group.right), [], "teacher") is None
