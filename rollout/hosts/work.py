"""What a rollout host is told and what it answers: specification, units of work, results; and how rows are stored.

A unit may be done in parts on several hosts, near the end of the work. A host stores a whole unit itself; the rows of
a part travel in its chunk_result, and `join_chunks` commits them together.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from cluster.engine.scripted import ScriptedConfig
from cluster.engine.vllm import EngineConfig
from cluster.errors import CorruptionError
from cluster.pool.placement import Executor
from cluster.store.ledger import Commit, Ledger
from cluster.store.storage import Store
from rollout.config import EpisodeConfig
from rollout.data.shards import concatenate, encode_rows, quarantine
from rollout.records import Episode, Outcome, Problem, Producer, Score


class ServedModel(msgspec.Struct, frozen=True, kw_only=True):
    """The model that a host serves, and the name that its work is recorded under."""

    name: str
    source: str
    producer: Producer


class HostSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a host needs to start, also after its process was replaced."""

    name: str
    run_uri: str
    generation: str
    parent: str
    model: ServedModel
    engine: EngineConfig
    episodes: EpisodeConfig
    live_episodes: int
    """Episodes under way at a time, at most."""
    seed: int
    executor: Executor = "mp"
    scripted: ScriptedConfig | None = None
    """Where it is given, the host plays known solutions instead of serving the model."""
    must_see: str = ""
    """A file of the run that the host must find at `run_uri`, or its node does not share the run's storage."""


class EpisodeWork(msgspec.Struct, frozen=True, kw_only=True):
    """One unit: attempts at problems, and where their rows go."""

    unit: str
    prefix: str
    """The ledger's prefix: `episodes` or `scores`."""
    model: ServedModel
    problems: tuple[Problem, ...]
    samples: tuple[int, ...]
    temperature: float
    top_p: float = 1.0
    suite: str = ""
    """Name of the suite when the rows are scores; "" for a rollout."""
    affinity: str = ""
    """Work of equal affinity shares prompts."""
    episodes: EpisodeConfig | None = None
    """What the attempts are made with; None for what the host's specification says."""
    skipped: tuple[str, ...] = ()
    """Problems of the unit that have enough chains already, and are left out."""

    @property
    def size(self) -> int:
        return len(self.problems) * len(self.samples)

    @property
    def weights(self) -> str:
        """What a host must have loaded for it."""
        return self.model.source

    def attempts(self, start: int, stop: int) -> list[tuple[Problem, int]]:
        """Problem and sample of the attempts `start` to `stop` (exclusive), problem-major."""
        each = len(self.samples)
        return [(self.problems[index // each], self.samples[index % each]) for index in range(start, stop)]


class ChunkResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a unit, or of a part of it. Of a unit, rows and counts are those of the commit that counts, which
    another attempt may have made; tokens and seconds are this attempt's own."""

    unit: str
    won: bool
    """False when another attempt had committed the unit already, and for a part, which is not committed yet."""
    rows: int
    quarantined: int
    outcomes: dict[str, int]
    generated_tokens: int
    seconds: float
    host: str
    tally: dict[str, tuple[int, int]] = {}
    """Problem -> its right and wrong episodes."""
    payload: bytes = b""
    """The rows of a part."""


class HostProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A reading of a host. Counts are cumulative over this incarnation."""

    host: str
    process: int = 0
    """The incarnation: its process's number."""
    live: int = 0
    limit: int = 0
    """Episodes that may be live now: follows the engine's KV cache."""
    waiting: int = 0
    """Episodes that wait until they may be live."""
    finished: int = 0
    outcomes: dict[str, int] = {}
    generated_tokens: int = 0
    prompt_tokens: int = 0
    cached_prompt_tokens: int = 0
    kv_usage: float = 0.0
    kv_tokens: int = 0
    """Tokens that the engine's KV cache holds; 0 where that is not known."""
    running: int = 0
    """Requests that the engine works on."""
    queued: int = 0
    """Requests that wait in the engine."""
    preempted: int = 0
    reloads: dict[str, float] = {}
    """Model -> seconds that putting its weights in place of another's took."""
    step_seconds: tuple[int, ...] = ()
    """Steps by how long they took: counts of the buckets of `telemetry.STEP_SECONDS`."""


def chunk_result_of(
    store: Store, work: EpisodeWork, episodes: Sequence[Episode], whole: bool, host: str, seconds: float
) -> ChunkResult:
    """Commit a whole unit's episodes; of a part, put the rows into the chunk_result."""
    if work.suite:
        greedy = work.temperature == 0
        encoded = encode_rows(
            Score,
            [Score(model=work.model.name, suite=work.suite, greedy=greedy, episode=episode) for episode in episodes],
        )
    else:
        encoded = encode_rows(Episode, episodes)
    quarantine(store, work.unit, encoded.rejected)
    stored = encoded.kept(episodes)
    chunk_result = ChunkResult(
        unit=work.unit,
        won=False,
        rows=encoded.rows,
        quarantined=len(encoded.rejected),
        outcomes=dict(Counter(episode.outcome.value for episode in stored)),
        generated_tokens=sum(len(step.token_ids) for episode in episodes for step in episode.steps),
        seconds=seconds,
        host=host,
        tally=tally(stored),
        payload=encoded.payload,
    )
    return _commit(store, work, chunk_result) if whole else chunk_result


def join_chunks(store: Store, work: EpisodeWork, parts: Sequence[ChunkResult]) -> ChunkResult:
    """Commit a unit that was done in parts. `parts` in the order of the unit."""
    payload, joined = concatenate(part.payload for part in parts)
    if joined < len(parts):
        raise CorruptionError(f"unit {work.unit}: its parts were written by different versions of the code; run again")
    outcomes: Counter[str] = Counter()
    counts: dict[str, tuple[int, int]] = {}
    for part in parts:
        outcomes.update(part.outcomes)
        for problem, (right, wrong) in part.tally.items():
            before = counts.get(problem, (0, 0))
            counts[problem] = (before[0] + right, before[1] + wrong)
    chunk_result = ChunkResult(
        unit=work.unit,
        won=False,
        rows=sum(part.rows for part in parts),
        quarantined=sum(part.quarantined for part in parts),
        outcomes=dict(outcomes),
        generated_tokens=sum(part.generated_tokens for part in parts),
        seconds=max(part.seconds for part in parts),
        host="+".join(dict.fromkeys(part.host for part in parts)),
        tally=counts,
        payload=payload,
    )
    return _commit(store, work, chunk_result)


def tally(episodes: Sequence[Episode]) -> dict[str, tuple[int, int]]:
    """Problem -> how many of its episodes are right and wrong."""
    right = Counter(episode.problem_id for episode in episodes if episode.outcome.value == "right")
    wrong = Counter(episode.problem_id for episode in episodes if episode.outcome.value == "wrong")
    return {problem: (right[problem], wrong[problem]) for problem in right | wrong}


_SKIPPED, _SKIPPED_PROBLEMS = "waived", "waived_problems"
"""Keys of a commit's `meta`, under the names that the first runs gave them."""


def skip_meta(work: EpisodeWork) -> dict[str, str]:
    """What a commit record says of the problems that a unit left out."""
    if not work.skipped:
        return {}
    return {
        _SKIPPED: str(len(work.skipped) * len(work.samples)),
        _SKIPPED_PROBLEMS: msgspec.json.encode(work.skipped).decode(),
    }


def skipped_episodes(commit: Commit) -> int:
    """Planned episodes that were not made because their problems had enough."""
    return int(commit.meta.get(_SKIPPED, 0))


def skipped_problems(commit: Commit) -> tuple[str, ...]:
    """The problems that the unit left out."""
    return msgspec.json.decode(commit.meta.get(_SKIPPED_PROBLEMS, "[]"), type=tuple[str, ...])


def committed_tally(commit: Commit) -> dict[str, tuple[int, int]]:
    """Problem -> right and wrong episodes that the unit holds."""
    return msgspec.json.decode(commit.meta.get("tally", "{}"), type=dict[str, tuple[int, int]])


def committed_outcomes(commit: Commit) -> dict[str, int]:
    """Outcome -> episodes that the unit holds."""
    return {outcome.value: int(commit.meta[outcome.value]) for outcome in Outcome if outcome.value in commit.meta}


def quarantined_rows(commit: Commit) -> int:
    """Episodes that were made and could not be stored."""
    return int(commit.meta.get("quarantined", 0))


def _commit(store: Store, work: EpisodeWork, chunk_result: ChunkResult) -> ChunkResult:
    """Commit the unit. What was made by a loser counts nowhere: it gets the winner's rows and counts."""
    meta = {name: str(count) for name, count in chunk_result.outcomes.items()} | {"host": chunk_result.host}
    if not work.suite:
        meta["tally"] = msgspec.json.encode(chunk_result.tally).decode()
    if chunk_result.quarantined:
        meta["quarantined"] = str(chunk_result.quarantined)
    meta |= skip_meta(work)
    commit, won = Ledger(store, work.prefix).publish(work.unit, chunk_result.payload, chunk_result.rows, meta)
    return msgspec.structs.replace(
        chunk_result,
        won=won,
        rows=commit.rows,
        quarantined=quarantined_rows(commit),
        outcomes=committed_outcomes(commit),
        tally=committed_tally(commit),
        payload=b"",
    )
