"""The student's hosts while arms go through rounds: the attempts of a round, and of coming ones while an update trains.

Hosts that take turns with the ranks start for each round. Hosts beside the ranks start once and stay: they load the
next policy in place of the last one and prove it by its probe. Where an arm may be attempted by an older policy, a
thread of its own makes the attempts; it has the pool for itself.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING

from pipeline.decisions.standing import Standing
from pipeline.run.folder import Run
from pipeline.run.models import served_from
from pipeline.run.progress import progress_bar
from pipeline.run.workload import train_problems
from pipeline.stages.arms.round import Round
from pipeline.stages.host_metrics import HostMetrics
from pipeline.stages.hosts import open_pool
from pipeline.stages.probes import proven
from pipeline.stages.watch import Watch
from rollout.records import Problem

if TYPE_CHECKING:
    from cluster.pool.pool import Pool
    from rollout.hosts.work import ChunkResult, EpisodeWork, ServedModel

_LOOK_EVERY_S = 0.5
_END_S = 15.0
"""How long the end of a command waits for the thread to give up its hosts."""


class Attempts:
    """A context manager: the hosts that stay up end with the block."""

    def __init__(self, run: Run, stands: Standing, *, ahead: bool) -> None:
        """`ahead`: whether attempts of coming rounds may be made while an update trains."""
        self._run, self._beside = run, stands.beside
        self._queue: SimpleQueue[tuple[Sequence[Round], Future[None]] | None] = SimpleQueue()
        self._begun: dict[tuple[str, int], Future[None]] = {}
        self._problems: Mapping[str, Problem] = {}
        self._pool: Pool[EpisodeWork, ChunkResult] | None = None
        self._metrics: HostMetrics | None = None
        self._held = ExitStack()
        self._busy_before = 0.0
        self._over = threading.Event()
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None
        if ahead and stands.beside:
            self._thread = threading.Thread(target=self._serve, daemon=True, name="attempts")

    def __enter__(self) -> "Attempts":
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is None:
            interrupted = isinstance(error, KeyboardInterrupt)  # which hosts need not wait for
            self._held.__exit__(kind, error, trace) if interrupted else self._held.close()
            return
        self._over.set()
        self._queue.put(None)
        self._thread.join(_END_S)

    @property
    def busy_s(self) -> float:
        """For how long hosts have had attempts to make, all together, in seconds."""
        pool = self._pool
        return self._busy_before + (pool.busy_s if pool is not None else 0.0)

    def begin(self, rounds: Sequence[Round]) -> None:
        """Let the attempts of these rounds begin, after those that have begun, and those of one number before those of
        the next one, so that none is waited for with a later one; where hosts take turns with ranks or no round is
        attempted ahead, do nothing."""
        new = [each for each in rounds if (each.name, each.number) not in self._begun]
        if self._thread is None:
            return
        for number in sorted({each.number for each in new}):
            batch = [each for each in new if each.number == number]
            made: Future[None] = Future()
            self._begun |= {(each.name, each.number): made for each in batch}
            self._queue.put((batch, made))

    def finish(self, rounds: Sequence[Round]) -> None:
        """Return when all attempts of these rounds are committed. Raises what making them raised."""
        if self._thread is None:
            self._make(rounds)
            return
        self.begin(rounds)
        for each in rounds:
            made = self._begun[each.name, each.number]
            while True:  # in short waits, which Ctrl-C ends
                try:
                    made.result(_LOOK_EVERY_S)
                    break
                except NotYet:
                    if self._failure is not None:  # of attempts that were before these
                        raise self._failure from None
                    if made.done():
                        raise

    def _serve(self) -> None:
        """The thread: make what is begun, one after the other, until the end."""
        try:
            with self._held:
                while (asked := self._queue.get()) is not None and not self._over.is_set():
                    rounds, made = asked
                    self._make(rounds)
                    made.set_result(None)
        except BaseException as error:
            self._failure = error  # whoever waits for attempts raises it

    def _make(self, rounds: Sequence[Round]) -> None:
        """Make the missing attempts of these rounds."""
        waiting = [each for each in rounds if each.missing()]
        if not waiting:
            return
        run = self._run
        self._problems = self._problems or {problem.id: problem for problem in train_problems(run)}
        models = {each.title: proven(run, "student", served_from(run, each.title, each.policy)) for each in waiting}
        works = [work for each in waiting for work in each.episode_works(models[each.title], self._problems)]
        title, size = f"episodes of {', '.join(models)}", sum(work.size for work in works)
        with (
            self._hosts(works[0].model) as pool,
            progress_bar(run.console, title, size, plain=self._thread is not None) as bar,
            Watch(run, "train", pool, bar, self._metrics) as watch,
        ):

            def tick() -> None:
                if self._over.is_set():
                    raise KeyboardInterrupt  # which lets the hosts go at once, as it does in a command's main thread
                watch.tick()

            for chunk_result in pool.run(works, tick):
                watch.chunk_result(chunk_result)

    @contextmanager
    def _hosts(self, model: "ServedModel") -> Iterator["Pool[EpisodeWork, ChunkResult]"]:
        """The pool: for the block, or for good."""
        with ExitStack() as turn:
            if self._pool is None:
                held = self._held if self._beside else turn
                self._pool = held.enter_context(open_pool(self._run, "student", model))
                held.callback(self._ended)
                self._metrics = HostMetrics(time.monotonic())
            try:
                yield self._pool
            except BaseException as error:
                self._held.__exit__(type(error), error, error.__traceback__)
                raise

    def _ended(self) -> None:
        """Keep what is known of a pool that ends."""
        if self._pool is not None:
            self._busy_before, self._pool, self._metrics = self._busy_before + self._pool.busy_s, None, None
