"""Builds and commits the preference groups of one block for one student. Each one is a Ray task."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from cluster.engine.model_source import model_revision
from cluster.errors import CorruptionError
from cluster.store.ledger import Commit, Ledger
from cluster.store.storage import Store, open_store
from rollout.config import ChosenFrom, GroupsConfig
from rollout.data import layout
from rollout.data.group_rows import read_groups
from rollout.data.shards import ShardWriter, quarantine, records, runs
from rollout.groups import build_group, with_taught
from rollout.helped_chains import Helped, helped_chains
from rollout.hosts.episode_units import group_unit_name
from rollout.prompts.opened import opened_template
from rollout.records import Call, Chain, Episode, PreferenceGroup, content_hash
from rollout.rewards import Rewarded, RewardsConfig, joined, rewarded

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json")
_OBJECT_BYTES = 16
"""Bytes of Python objects for each byte of a row in Arrow."""
_LIBRARIES_BYTES = 600 << 20


class GroupWork(msgspec.Struct, frozen=True, kw_only=True):
    """One group unit to build."""

    unit: str
    run_uri: str
    episode_units: tuple[str, ...]
    """Names of the committed episode units of the block."""
    problems: tuple[str, ...]
    """The block's problems, in the plan's order."""
    student: str
    student_source: str
    """A folder, or `hub:OWNER/NAME@COMMIT`."""
    groups: GroupsConfig
    thoughts: str = "keep"
    """The recipe's `episodes.thoughts`."""
    episodes: str = layout.EPISODES
    """Prefix of the ledger that holds the episodes."""
    ledger: str = ""
    """Prefix of the ledger that gets the groups; "" for that of the student."""
    with_logprobs: bool = False
    """Keep the sampler's log-probabilities in the chains."""
    rewards: RewardsConfig | None = None
    """The rules whose rewards the chains hold, where an arm has some."""
    chosen_from: ChosenFrom = "policy"
    """Whose right chains the groups hold."""
    taught: tuple[str, ...] = ()
    """Names of the student's group units that hold the teacher's chains of the block's problems."""
    helped: str = ""
    """Prefix of the ledger of further attempts: those with help whose right chains are taken (`chosen_from`), or, for
    `policy`, those that begin with turns of the teacher; "" for none."""
    helped_units: tuple[str, ...] = ()
    """Names of its units of the block."""
    gold_calls: dict[str, tuple[Call, ...]] = {}
    """Problem -> its gold calls that end no turn, where an attempt that was told the answer has to work it out."""
    left_out: tuple[str, ...] = ()
    """Problems of the block that give no groups, because doing nothing is right in them."""
    memory: int = 0
    """Bytes of memory that its task reserves."""


FIGURES = ("groups", "problems", "chains", "right", "pairs", "right_with_failed_steps")
"""Counts over a unit's groups (`groups` are those with a pair). Its commit record holds them, so that a run can be
summed up without its shards."""


def tokenizer_fingerprint(source: str) -> str:
    """A hash of what decides how a student's chains are tokenised: a folder's tokenizer files, or the commit of a Hub
    model, for which nothing is fetched."""
    if source.startswith("hub:"):
        return content_hash(model_revision(source))
    folder = Path(source)
    return content_hash(*(path.read_bytes() for name in _TOKENIZER_FILES if (path := folder / name).is_file()))


def group_unit(
    block: int,
    student: str,
    commits: Sequence[Commit],
    config: GroupsConfig,
    fingerprint: str,
    thoughts: str = "keep",
    rewards: RewardsConfig | None = None,
    taught: Sequence[str] = (),
) -> str:
    """The name of the block's group unit: a function of its episodes, the configuration and the student's tokenizer.

    `taught`: whose right chains it takes, and the names of the units that these are in; () for those of its episodes.
    """
    hashes = (commit.sha256 or commit.unit for commit in commits)
    # Keys that are younger than stored groups are named only where they are set, so that their names stay.
    said = config.model_dump_json(exclude=None if config.nothing_to_do else {"nothing_to_do"})
    said += "" if thoughts == "keep" else thoughts
    said += "" if rewards is None else rewards.model_dump_json(exclude=None if rewards.world else {"world"})
    said += "".join(f" {part}" for part in taught)
    return group_unit_name(block, student, hashes, config.rule, said, fingerprint)


def build_group_unit(work: GroupWork) -> Commit:
    """Read the block's episodes, build its groups and commit them. To repeat it commits nothing new.

    Memory: the block's shards, one problem's episodes as objects, and the groups in Arrow; see `needed_memory`.
    """
    store = open_store(work.run_uri)
    writer = ShardWriter(PreferenceGroup)
    figures: list[dict[str, int]] = []
    given: list[Rewarded] = []
    taught, with_help = _taught(store, work), Helped()
    episodes = 0
    for of_problem, helped in _attempts(store, work):
        episodes += len(of_problem) + len(helped)
        if of_problem[0].problem_id in work.left_out:
            continue
        for call_format in sorted({episode.call_format for episode in of_problem}):
            alike = [episode for episode in of_problem if episode.call_format == call_format]
            further = [episode for episode in helped if episode.call_format == call_format]
            if work.chosen_from == "policy":
                alike += further
            template, _ = opened_template(work.student_source, call_format, work.thoughts == "forbid")
            kept = work.thoughts == "keep"
            group = build_group(alike, work.student, template, work.groups, kept, work.with_logprobs, work.rewards)
            if group is not None and work.chosen_from == "helped":
                gold = work.gold_calls.get(group.problem_id, ())
                chains, became = helped_chains(further, alike[0], template, gold, kept, work.groups.max_tokens)
                group, with_help = with_taught(group, chains, "helped"), with_help + became
            elif group is not None and work.chosen_from != "policy":
                group = with_taught(group, taught.get(_prompt(group), ()), work.chosen_from)
            if group is not None:
                writer.add(group)
                given += [rewarded(group, work.rewards)] if work.rewards is not None else []
                figures.append(
                    {
                        "groups": int(group.pairs > 0),
                        "problems": 1,
                        "chains": len(group.chains),
                        "right": len(group.right),
                        "pairs": group.pairs,
                        "right_with_failed_steps": sum(bool(chain.failed_steps) for chain in group.right),
                    }
                )
    encoded = writer.finish()
    quarantine(store, work.unit, encoded.rejected)
    stored = encoded.kept(figures)
    meta = {name: str(sum(one[name] for one in stored)) for name in FIGURES}
    if work.rewards is not None:
        meta["rewards"] = msgspec.json.encode(joined(encoded.kept(given))).decode()
    if work.chosen_from == "helped":
        meta["helped"] = msgspec.json.encode(with_help).decode()
    ledger = Ledger(store, work.ledger or layout.groups(work.student))
    commit, _ = ledger.publish(work.unit, encoded.payload, encoded.rows, meta=meta | {"episodes": str(episodes)})
    return commit


def _attempts(store: Store, work: GroupWork) -> Iterator[tuple[list[Episode], list[Episode]]]:
    """Problem by problem its attempts without help, and those with it. Memory: one problem's at a time."""
    place = {problem: at for at, problem in enumerate(work.problems)}
    helped = problem_episodes(Ledger(store, work.helped), work.helped_units, work.problems)
    head = next(helped, None) if work.helped else None
    for own in problem_episodes(Ledger(store, work.episodes), work.episode_units, work.problems):
        problem = own[0].problem_id
        while head is not None and place[head[0].problem_id] < place[problem]:
            head = next(helped, None)
        yield own, head if head is not None and head[0].problem_id == problem else []


def _prompt(group: PreferenceGroup) -> tuple[str, tuple[int, ...]]:
    return group.problem_id, group.prompt_ids


def _taught(store: Store, work: GroupWork) -> dict[tuple[str, tuple[int, ...]], tuple[Chain, ...]]:
    """Problem and prompt -> the teacher's right chains. Memory: those of the block's problems, and one shard."""
    if not work.taught:
        return {}
    ledger = Ledger(store, layout.groups(work.student))
    return {
        _prompt(group): group.right for group in read_groups(ledger, work.taught) if group.problem_id in work.problems
    }


def needed_memory(block_bytes: int, problems: int) -> int:
    """An upper estimate of the bytes that it takes to build a block's groups: the shards and as much again for the
    groups, one problem's episodes as objects, and the libraries."""
    return 2 * block_bytes + _OBJECT_BYTES * block_bytes // max(1, problems) + _LIBRARIES_BYTES


def problem_episodes(ledger: Ledger, units: Sequence[str], problems: Sequence[str]) -> Iterator[list[Episode]]:
    """Problem by problem all its episodes, sorted by sample. Raises CorruptionError if a unit's problems are not in the
    order of `problems`."""
    commits = [commit for unit in units if (commit := ledger.find(unit)) is not None and not commit.skipped]
    shards = [runs(Episode, ledger.read(commit), ledger.shard_uri(commit), "problem_id") for commit in commits]
    heads = [next(rows, None) for rows in shards]
    for problem in problems:
        found: list[Episode] = []
        for index, rows in enumerate(shards):
            while (head := heads[index]) is not None and head[0] == problem:
                found += records(Episode, head[1], ledger.shard_uri(commits[index]))
                heads[index] = next(rows, None)
        if found:
            yield sorted(found, key=lambda episode: episode.sample)
    for commit, head in zip(commits, heads, strict=True):
        if head is not None:
            raise CorruptionError(f"unit {commit.unit}: {head[0]} is not in the order of the plan; run `verify`")
