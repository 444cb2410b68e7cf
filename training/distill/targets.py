"""What the teacher says at the scored tokens of chains: once per distinct chain of a group, stored by content.

A unit is some groups of one group unit as an arm sees them. Either tasks answer, each every `world`-th unit that is
missing, through the packed rows of training; or the teacher's engines. A killed worker loses one unit. Training reads
the units back; it holds no teacher, at most the teacher's head.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec
import pyarrow as pa
import torch

from cluster.engine.model_source import model_revision
from cluster.errors import CorruptionError
from cluster.store.ledger import Commit, Ledger
from rollout.data.arrow import batches, decoding
from rollout.data.group_rows import live_units, named_units
from rollout.data.shards import shard_rows
from rollout.hosts.scoring import Said, from_bytes, to_bytes
from rollout.records import PreferenceGroup, content_hash
from training.chains import ScoredChain
from training.config import DistillArm, TrainingConfig
from training.distill.examples import DistillChains, DistillExample, distill_chains
from training.distill.head import TeacherHead, from_file, head_of, to_file
from training.fused_kernels import uses_fused_kernels
from training.ranks.zero import precision
from training.reference import Precision, chain_key, load_model, reference_name
from training.selection import arm_groups
from training.tree.attention import check_length
from training.tree.layout import row_length
from training.tree.rows import cut_chains
from training.tree.scoring import add_tree_scoring, tree_batch

_COLUMNS = pa.schema([("key", pa.string()), ("said", pa.large_binary())])
_GROUPS_PER_UNIT = 8


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of which teacher, for which arm."""

    teacher: str
    """Source of the model."""
    precision: Precision
    """It runs in, where tasks hold it."""
    fused_kernels: bool
    vocabulary: int
    """Tokens of the tokenizer that teacher and student share."""
    arm: DistillArm

    @property
    def name(self) -> str:
        """What identifies the answers: the teacher's content, how it runs, and what is kept of what it says."""
        if self.of_engines:
            return f"{model_revision(self.teacher)}-engine-{self.likeliest}-{self.vocabulary}"
        return f"{reference_name(self.teacher, self.precision, self.fused_kernels)}-hidden-{self.vocabulary}"

    @property
    def of_engines(self) -> bool:
        """Whether the teacher's engines answer, not tasks that hold it."""
        return self.arm.compare != "vocabulary"

    @property
    def likeliest(self) -> int:
        """How many likeliest tokens engines are asked for; 0 for the token itself."""
        return self.arm.top_k if self.arm.compare == "top_k" else 0

    @property
    def head_unit(self) -> str:
        """The unit that holds the teacher's head."""
        return f"head-{content_hash(self.name)}"


def vocabulary_of(tokenizer: Any) -> int:
    """Ids that a tokenizer knows, holes among them included: from here on the heads of models are padding."""
    return int(max(tokenizer.get_vocab().values())) + 1


def question_of(arm: DistillArm, teacher: str, vocabulary: int, training: TrainingConfig) -> Question:
    """The question of an arm to the `teacher`, a model's source, that runs as this training does."""
    fused = uses_fused_kernels(training)
    return Question(teacher=teacher, precision=precision(training), fused_kernels=fused, vocabulary=vocabulary, arm=arm)


class Targets:
    """The teacher's answers to a question at the chains of some group units, in a ledger."""

    def __init__(self, ledger: Ledger, question: Question, groups: Ledger, units: Sequence[str] = ()) -> None:
        """`groups`: the ledger of the groups; `units`: names of their units, none for all that count."""
        self._ledger, self._question, self._groups = ledger, question, groups
        self._commits = named_units(groups, units) if units else live_units(groups)

    def missing(self) -> int:
        """Units that nobody has answered, the teacher's head among them."""
        done = self._ledger.history()
        names = [name for commit in self._commits for name in self._names(commit)]
        return sum(name not in done for name in [*names, *self._heads()])

    def head(self) -> TeacherHead:
        """The teacher's head. Raises CorruptionError where it is not there."""
        return from_file(self._payload(self._question.head_unit), self._question.head_unit)

    def examples(self) -> Iterator[DistillExample]:
        """Every group that has something to learn at, with what the teacher says. Memory: one unit. Raises
        CorruptionError for a unit that is not there, or is of other chains."""
        sampled = self._question.arm.compare == "sampled"
        for name, part in self._parts():
            said = self._read(name)
            for each in part:
                keys = [chain_key(self._question.name, chain) for chain in each.chains]
                if not all(key in said for key in keys):
                    raise CorruptionError(
                        f"{name}: the teacher's part of {each.problem_id} is missing; remove the unit"
                    )
                with decoding(name):
                    shaped = [from_bytes(said[key], chain.length) for key, chain in zip(keys, each.chains, strict=True)]
                yield each.with_teacher(shaped, behaviour=sampled)

    def pending(self) -> Iterator[tuple[str, list[ScoredChain]]]:
        """Name and chains of every unit that nobody has answered."""
        done = self._ledger.history()
        return ((name, _chains(part)) for name, part in self._parts() if name not in done)

    def publish(self, name: str, chains: Sequence[ScoredChain], said: Iterable[bytes]) -> None:
        """Commit what the teacher said of a unit's chains, each as `to_bytes` makes it."""
        columns = [[chain_key(self._question.name, chain) for chain in chains], list(said)]
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, _COLUMNS) as writer:
            writer.write_table(pa.table(columns, schema=_COLUMNS))
        self._ledger.publish(name, sink.getvalue(), rows=len(chains))

    def answer(
        self,
        *,
        tokens_per_micro_step: int,
        device: str = "cpu",
        rank: int = 0,
        world: int = 1,
        progress: Callable[[int, int], None] | None = None,
    ) -> int:
        """Load the teacher and have it answer what is missing of this worker's share; returns the number of chains.

        The teacher loads only if it is needed. `tokens_per_micro_step`: most tokens of a forward pass. Raises
        RequestError for a longer chain, and for a teacher that cannot be scored by trees. `progress(done, all)` is
        called with numbers of units after each commit.
        """
        done = self._ledger.history()
        heads = [name for name in self._heads() if name not in done] if rank == 0 else []
        names = [name for commit in self._commits for name in self._names(commit)]
        mine = {name for at, name in enumerate(names) if at % world == rank and name not in done}
        if not mine and not heads:
            return 0
        question = self._question
        model = load_model(
            question.teacher, question.precision, fused_kernels=question.fused_kernels, device_map={"": device}
        )
        model.requires_grad_(False).eval()
        for name in heads:
            self._ledger.publish(name, to_file(head_of(model, question.vocabulary)), rows=0)
        add_tree_scoring(model)
        scored = answered = 0
        for name, part in self._parts():
            if name not in mine:
                continue
            chains = _chains(part)
            self.publish(name, chains, map(to_bytes, _hidden_states(model, chains, tokens_per_micro_step)))
            scored, answered = scored + len(chains), answered + 1
            if progress is not None:
                progress(answered, len(mine))
        return scored

    def _heads(self) -> list[str]:
        return [] if self._question.of_engines else [self._question.head_unit]

    def _parts(self) -> Iterator[tuple[str, list[DistillChains]]]:
        """Name and chains of every unit."""
        arm = self._question.arm
        for commit in self._commits:
            groups = arm_groups(shard_rows(PreferenceGroup, self._groups, commit), arm) if commit.rows else iter(())
            for name in self._names(commit):
                found = (distill_chains(group, arm) for group in islice(groups, _GROUPS_PER_UNIT))
                yield name, [each for each in found if each is not None]

    def _names(self, commit: Commit) -> list[str]:
        """Names of the units of a group unit: by the question, and by what the arm takes of a group."""
        arm = self._question.arm
        taken = (arm.chains, arm.max_right, arm.max_wrong, arm.balanced, arm.train_on_thoughts)
        of_arm = content_hash(self._question.name, commit.unit, *map(str, taken))
        return [f"said-{of_arm}-{at:06d}" for at in range(-(-commit.rows // _GROUPS_PER_UNIT))]

    def _read(self, name: str) -> dict[str, bytes]:
        """Key -> what the teacher said of a unit's chains."""
        found: dict[str, bytes] = {}
        for batch in batches(self._payload(name), name):
            with decoding(name):
                found |= zip(*(batch.column(column).to_pylist() for column in _COLUMNS.names), strict=True)
        return found

    def _payload(self, name: str) -> bytes:
        commit = self._ledger.find(name)
        if commit is None:
            raise CorruptionError(f"{name}: the teacher has not answered it; run again")
        return self._ledger.read(commit)


def asked(chain: ScoredChain) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A chain as engines are asked about it: its ids up to the last scored token, and the positions of those tokens."""
    positions = tuple(at for at, kept in enumerate(chain.scored) if kept)
    return chain.ids[: positions[-1] + 1], positions


def _chains(part: Iterable[DistillChains]) -> list[ScoredChain]:
    """The chains of a unit, in order."""
    return [chain for each in part for chain in each.chains]


def _hidden_states(model: Any, chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[Said]:
    """[length, hidden size] of each chain, in rows of at most `tokens_per_micro_step`."""
    device = next(model.parameters()).device
    check_length(model, max(map(row_length, chains), default=0))
    found: dict[int, Said] = {}
    with torch.no_grad():
        for row in cut_chains(chains, tokens_per_micro_step):
            batch = tree_batch([chains[index] for index in row], device)
            by_entry = model(tree_batch=batch, entries=True, score=lambda model, hidden, batch: hidden).float().cpu()
            owner = batch.entry_chain.cpu()
            # The entries of a chain stand in the order of its scored tokens.
            found |= {index: by_entry[owner == at].numpy() for at, index in enumerate(row)}
    return [found[index] for index in range(len(chains))]
