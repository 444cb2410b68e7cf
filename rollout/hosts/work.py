"""The messages between the driver and a rollout host (specification, units of work, results), and how rows are stored.

Near the end of the work a unit is split into chunks that several hosts do. A host commits a whole unit itself. It
returns the rows of a chunk in its `ChunkResult`, and the driver commits them together with `join_chunks`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from cluster.engine.options import EngineConfig
from cluster.engine.scripted import ScriptedConfig
from cluster.errors import CorruptionError
from cluster.pool.placement import Executor
from cluster.store.ledger import Commit, Ledger
from cluster.store.storage import Store
from rollout.config import EpisodeConfig
from rollout.data.shards import Encoded, concatenate, encode_rows, quarantine
from rollout.episodes.guide import Guide
from rollout.records import Episode, ErrorCode, Outcome, Problem, Producer, Score


class ServedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model to serve."""

    name: str
    """`teacher`, `base` or an arm: its episodes and scores are recorded under this name."""
    source: str
    """A folder, or `hub:OWNER/NAME@COMMIT`."""
    producer: Producer
    probe: str = ""
    """Path of its probe in the run's store; "" where a scripted engine plays known solutions instead."""


class HostSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a host needs to start, or to start again in a new process."""

    name: str
    run_uri: str
    generation: str
    parent: str
    model: ServedModel
    engine: EngineConfig
    episodes: EpisodeConfig
    live_episodes: int
    """The most episodes that are under way at a time."""
    seed: int
    """The run's. Requests that have seeds of their own follow from it."""
    recipe: int = 0
    """Number of the run's recipe."""
    engine_seed: int = 0
    """What the engine draws other requests with; no two starts of an engine share one."""
    executor: Executor = "mp"
    scripted: ScriptedConfig | None = None
    """If given, the host replays known solutions instead of serving the model."""
    must_see: str = ""
    """A file of the run. A host that does not find it at `run_uri` is on a node without the run's storage."""
    servers: tuple[str, ...] = ()
    """Toolboxes that are MCP servers. A host starts them while its engine loads."""


class EpisodeWork(msgspec.Struct, frozen=True, kw_only=True):
    """One unit of episodes, for a rollout or for scores: which attempts to make, and where their rows go."""

    unit: str
    prefix: str
    """The ledger's prefix: `episodes` or `scores`."""
    model: ServedModel
    problems: tuple[Problem, ...]
    samples: tuple[int, ...]
    temperature: float
    top_p: float = 1.0
    suite: str = ""
    """Name of the suite if the rows are scores; "" for a rollout."""
    affinity: str = ""
    """Work units of equal affinity have prompts in common."""
    episodes: EpisodeConfig | None = None
    """How the attempts are made; None for the configuration in the host's specification."""
    skipped: tuple[str, ...] = ()
    """Ids of the unit's problems that are left out, because they have enough chains already."""
    guides: dict[tuple[str, int], Guide] = {}
    """Problem and sample -> turns of a teacher with which that attempt begins."""

    def __post_init__(self) -> None:
        helped = [problem.id for problem in self.problems if problem.help is not None]
        if self.suite and (helped or self.guides):
            raise ValueError(f"{self.unit}: an attempt that is scored would have help ({(*helped, *self.guides)[0]})")

    @property
    def size(self) -> int:
        return len(self.problems) * len(self.samples)

    @property
    def weights(self) -> str:
        """The weights that a host must have loaded for it."""
        return self.model.source

    def attempts(self, start: int, stop: int) -> list[tuple[Problem, int]]:
        """Problem and sample number of the attempts `start` to `stop` (exclusive), problem by problem."""
        each = len(self.samples)
        return [(self.problems[index // each], self.samples[index % each]) for index in range(start, stop)]


class ChunkResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a unit, or of a chunk of it.

    Rows and counts of a unit are those of its commit, which another attempt may have made first; tokens and seconds
    are always this attempt's own.
    """

    unit: str
    won: bool
    """Whether this attempt committed the unit. False for a chunk, which is not committed yet."""
    rows: int
    quarantined: int
    outcomes: dict[str, int]
    generated_tokens: int
    seconds: float
    host: str
    tally: dict[str, tuple[int, int]] = {}
    """Problem -> numbers of its right and of its wrong episodes."""
    payload: bytes = b""
    """The rows of a chunk; empty for a unit."""
    thought_tokens: int = 0
    """Those of `generated_tokens` that are thoughts."""
    toolbox_faults: dict[str, int] = {}
    """What a toolbox was at fault for, by its name and message -> episodes that it ended."""


class HostProgress(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of a host. Counts are cumulative since its process started."""

    host: str
    process: int = 0
    """The id of its process, which a restarted host does not share with the one before."""
    live: int = 0
    limit: int = 0
    """Episodes that may be live now, as the engine's KV cache allows."""
    waiting: int = 0
    """Episodes that wait for this limit."""
    finished: int = 0
    outcomes: dict[str, int] = {}
    generated_tokens: int = 0
    prompt_tokens: int = 0
    cached_prompt_tokens: int = 0
    kv_usage: float = 0.0
    kv_tokens: int = 0
    """Tokens that the engine's KV cache can hold; 0 if unknown."""
    running: int = 0
    """Requests that the engine is decoding."""
    queued: int = 0
    """Requests that wait in the engine's queue."""
    preempted: int = 0
    guessed_tokens: int = 0
    """Tokens that speculative decoding guessed."""
    accepted_tokens: int = 0
    """Those of them that the model accepted."""
    probes: dict[str, float] = {}
    """Model -> mean difference, in nats a token, between the engine and the model's probe when it was loaded last."""
    reloads: dict[str, float] = {}
    """Model -> seconds that it took to load its weights in place of another model's."""
    step_seconds: tuple[int, ...] = ()
    """Number of steps by duration, one for each bucket of `telemetry.STEP_SECONDS`."""


def chunk_result_of(
    store: Store, work: EpisodeWork, episodes: Sequence[Episode], whole: bool, host: str, seconds: float
) -> ChunkResult:
    """The result of a whole unit, which is committed, or of a chunk, whose rows it carries."""
    encoded = _encoded(work, episodes)
    quarantine(store, work.unit, encoded.rejected)
    stored = encoded.kept(episodes)
    own = [step for episode in episodes for step in episode.steps[episode.guided :]]
    result = ChunkResult(
        unit=work.unit,
        won=False,
        rows=encoded.rows,
        quarantined=len(encoded.rejected),
        outcomes=dict(Counter(episode.outcome.value for episode in stored)),
        generated_tokens=sum(len(step.token_ids) for step in own),
        thought_tokens=sum(step.thought_tokens for step in own),
        seconds=seconds,
        host=host,
        tally=tally(stored),
        payload=encoded.payload,
        toolbox_faults=toolbox_faults(episodes),
    )
    return _commit(store, work, result) if whole else result


def commit_episodes(store: Store, work: EpisodeWork, episodes: Sequence[Episode], meta: Mapping[str, str]) -> Commit:
    """Commit the rows of a unit that were made before, with new labels. `meta`: what its record says beside the counts
    of outcomes and the tally."""
    encoded = _encoded(work, episodes)
    if encoded.rejected:
        raise CorruptionError(f"unit {work.unit}: {encoded.rejected[0].row} was stored and cannot be stored again")
    counts = {name: str(count) for name, count in Counter(episode.outcome.value for episode in episodes).items()}
    counts |= {} if work.suite else {"tally": msgspec.json.encode(tally(episodes)).decode()}
    return Ledger(store, work.prefix).publish(work.unit, encoded.payload, encoded.rows, {**meta, **counts})[0]


def _encoded(work: EpisodeWork, episodes: Sequence[Episode]) -> Encoded:
    if not work.suite:
        return encode_rows(Episode, episodes)
    greedy = work.temperature == 0
    scores = [Score(model=work.model.name, suite=work.suite, greedy=greedy, episode=episode) for episode in episodes]
    return encode_rows(Score, scores)


def join_chunks(store: Store, work: EpisodeWork, chunks: Sequence[ChunkResult]) -> ChunkResult:
    """Commit a unit that was done in chunks, given in the unit's order. Raises CorruptionError where they do not fit
    together."""
    payload, joined = concatenate((f"a chunk of unit {work.unit}", chunk.payload) for chunk in chunks)
    if joined < len(chunks):
        raise CorruptionError(f"unit {work.unit}: its chunks were written by different versions of the code; run again")
    outcomes: Counter[str] = Counter()
    counts: dict[str, tuple[int, int]] = {}
    for chunk in chunks:
        outcomes.update(chunk.outcomes)
        add_tally(counts, chunk.tally)
    result = msgspec.structs.replace(
        chunks[0],
        rows=sum(chunk.rows for chunk in chunks),
        quarantined=sum(chunk.quarantined for chunk in chunks),
        outcomes=dict(outcomes),
        generated_tokens=sum(chunk.generated_tokens for chunk in chunks),
        thought_tokens=sum(chunk.thought_tokens for chunk in chunks),
        seconds=max(chunk.seconds for chunk in chunks),
        host="+".join(dict.fromkeys(chunk.host for chunk in chunks)),
        tally=counts,
        payload=payload,
        toolbox_faults=dict(sum((Counter(chunk.toolbox_faults) for chunk in chunks), Counter())),
    )
    return _commit(store, work, result)


def add_tally(counts: dict[str, tuple[int, int]], tally: Mapping[str, tuple[int, int]]) -> None:
    """Add a unit's or a chunk's `tally` to `counts`."""
    for problem, (right, wrong) in tally.items():
        before = counts.get(problem, (0, 0))
        counts[problem] = (before[0] + right, before[1] + wrong)


def tally(episodes: Sequence[Episode]) -> dict[str, tuple[int, int]]:
    """Problem -> numbers of its right and of its wrong episodes."""
    right = Counter(episode.problem_id for episode in episodes if episode.outcome.value == "right")
    wrong = Counter(episode.problem_id for episode in episodes if episode.outcome.value == "wrong")
    return {problem: (right[problem], wrong[problem]) for problem in right | wrong}


def toolbox_faults(episodes: Iterable[Episode]) -> dict[str, int]:
    """What ended episodes by a toolbox's fault: its name with the message -> number of episodes."""
    return dict(
        Counter(
            f"toolbox {episode.toolbox}: {result.content.removeprefix('Error: ')}"
            for episode in episodes
            if episode.error is ErrorCode.TOOLBOX_FAULT
            for result in [each for each in episode.steps[-1].results if each.error is ErrorCode.TOOLBOX_FAULT][:1]
        )
    )


_SKIPPED, _SKIPPED_PROBLEMS = "waived", "waived_problems"
"""Keys of a commit's `meta`, with the names that the first runs gave them."""


def skip_meta(work: EpisodeWork) -> dict[str, str]:
    """The entries of a commit's `meta` about the problems that the unit left out."""
    if not work.skipped:
        return {}
    return {
        _SKIPPED: str(len(work.skipped) * len(work.samples)),
        _SKIPPED_PROBLEMS: msgspec.json.encode(work.skipped).decode(),
    }


def skipped_episodes(commit: Commit) -> int:
    """How many planned episodes of a unit were not made, because their problems had enough."""
    return commit.count(_SKIPPED)


def skipped_problems(commit: Commit) -> tuple[str, ...]:
    """Ids of the problems that the unit left out."""
    return commit.decoded(_SKIPPED_PROBLEMS, tuple[str, ...], ())


def committed_tally(commit: Commit) -> dict[str, tuple[int, int]]:
    """Problem -> numbers of right and of wrong episodes in the unit."""
    return commit.decoded("tally", dict[str, tuple[int, int]], {})


def committed_outcomes(commit: Commit) -> dict[str, int]:
    """Outcome -> number of episodes in the unit."""
    return {outcome.value: commit.count(outcome.value) for outcome in Outcome if outcome.value in commit.meta}


def quarantined_rows(commit: Commit) -> int:
    """How many episodes of the unit were made and could not be stored."""
    return commit.count("quarantined")


def _commit(store: Store, work: EpisodeWork, result: ChunkResult) -> ChunkResult:
    """Commit the unit. If another attempt was first, the result gets the rows and counts of that one's commit."""
    meta = {name: str(count) for name, count in result.outcomes.items()} | {"host": result.host}
    if not work.suite:
        meta["tokens"] = str(result.generated_tokens)
        meta["thought_tokens"] = str(result.thought_tokens)
        meta["tally"] = msgspec.json.encode(result.tally).decode()
    if result.quarantined:
        meta["quarantined"] = str(result.quarantined)
    meta |= skip_meta(work)
    commit, won = Ledger(store, work.prefix).publish(work.unit, result.payload, result.rows, meta)
    return msgspec.structs.replace(
        result,
        won=won,
        rows=commit.rows,
        quarantined=quarantined_rows(commit),
        outcomes=committed_outcomes(commit),
        tally=committed_tally(commit),
        payload=b"",
    )
