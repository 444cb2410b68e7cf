"""A block's episodes to its committed group unit: what a Ray task runs for one block and one student."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from cluster.ledger import Commit, Ledger
from cluster.model_source import local_tokenizer, model_revision
from cluster.storage import open_store
from rollout.config import GroupsConfig
from rollout.groups import build_group
from rollout.native_template import open_template
from rollout.records import Episode, PreferenceGroup, content_hash
from rollout.shards import decode_episodes, encode_groups, quarantine
from rollout.template import ChatTemplate
from rollout.units import group_unit_name

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json")


class GroupWork(msgspec.Struct, frozen=True, kw_only=True):
    """One group unit to build."""

    unit: str
    run_uri: str
    episodes: tuple[str, ...]
    """Names of the committed episode units of the block."""
    student: str
    student_source: str
    """A folder, or `hub:OWNER/NAME@COMMIT`."""
    groups: bytes
    """GroupsConfig as JSON."""


def group_prefix(student: str) -> str:
    """Where a student's groups lie in the run's store."""
    return f"groups/{student}"


def tokenizer_fingerprint(source: str) -> str:
    """What decides how a student's chains are tokenised: a hash of a folder's files, or of the Hub's commit, for which
    nothing is fetched."""
    if source.startswith("hub:"):
        return content_hash(model_revision(source))
    folder = Path(source)
    return content_hash(*(path.read_bytes() for name in _TOKENIZER_FILES if (path := folder / name).is_file()))


def group_unit(block: int, student: str, commits: Sequence[Commit], config: GroupsConfig, fingerprint: str) -> str:
    """The name of the block's group unit: a function of its episodes, the rule and the student's tokenizer."""
    hashes = (commit.sha256 or commit.unit for commit in commits)
    return group_unit_name(block, student, hashes, config.rule, config.model_dump_json(), fingerprint)


@lru_cache(maxsize=8)
def _template(source: str, call_format: str) -> ChatTemplate:
    """Kept for the blocks that this process builds next: the Hub is asked once."""
    return open_template(local_tokenizer(source), call_format)[0]


def build_group_unit(work: GroupWork) -> Commit:
    """Read the block's episodes, build its groups, commit them. Doing it twice commits once."""
    store = open_store(work.run_uri)
    config = GroupsConfig.model_validate_json(work.groups)
    episode_ledger = Ledger(store, "episodes")
    found = [episode_ledger.find(name) for name in work.episodes]
    commits = [commit for commit in found if commit is not None and not commit.waived]
    rows = [episode for commit in commits for episode in decode_episodes(episode_ledger.read(commit))]
    templates = {name: _template(work.student_source, name) for name in {row.call_format for row in rows}}
    groups = [
        group
        for name, template in sorted(templates.items())
        for group in block_groups([row for row in rows if row.call_format == name], work.student, template, config)
    ]
    encoded = encode_groups(groups)
    if encoded.rejected:
        quarantine(store, work.unit, encoded.rejected)
    ledger = Ledger(store, group_prefix(work.student))
    commit, _ = ledger.publish(work.unit, encoded.payload, encoded.rows, attempt=0, meta=count(groups, rows))
    return commit


def block_groups(
    episodes: Iterable[Episode], student: str, template: ChatTemplate, config: GroupsConfig
) -> list[PreferenceGroup]:
    """One group a problem, in the order in which problems first appear; problems with nothing to learn from none."""
    by_problem: dict[str, list[Episode]] = {}
    for episode in episodes:
        by_problem.setdefault(episode.problem_id, []).append(episode)
    found = (
        build_group(
            sorted(of_problem, key=lambda episode: episode.sample),
            student,
            template,
            config.rule,
            truncated_as_wrong=config.truncated_as_wrong,
            max_tokens=config.max_tokens or None,
        )
        for of_problem in by_problem.values()
    )
    return [group for group in found if group is not None]


def count(groups: Sequence[PreferenceGroup], episodes: Sequence[Episode]) -> dict[str, str]:
    """What the commit record says of a unit, so that a run can be summed up without reading its shards."""
    right = [chain for group in groups for chain in group.right]
    figures = {
        "groups": sum(1 for group in groups if group.pairs),
        "problems": len(groups),
        "chains": sum(len(group.chains) for group in groups),
        "right": len(right),
        "pairs": sum(group.pairs for group in groups),
        "right_with_failed_steps": sum(bool(chain.failed_steps) for chain in right),
        "episodes": len(episodes),
    }
    return {name: str(figure) for name, figure in figures.items()}
