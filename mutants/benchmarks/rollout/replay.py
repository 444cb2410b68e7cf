"""A rollout host that can also replay what it did on its bare AsyncLLM, and say what its processor time went into.

The requests need no recording beside the run: an episode holds the very tokens of its prompt, replies and results, so
the requests of every step follow from the episodes that the host committed.
"""

import asyncio
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import psutil

from cluster.store.ledger import Ledger
from rollout.data.shards import read_rows
from rollout.hosts.host import RolloutHost
from rollout.records import Episode

SAMPLE_EVERY_S = 0.004
PLACES = (
    (
        "parse and execute calls",
        ("rollout/episodes/execution", "rollout/formats/", "rollout/toolboxes/", "rollout/episodes/checkers"),
    ),
    ("tokenise", ("rollout/prompts/",)),
    ("store", ("rollout/data/", "cluster/store/")),
    ("vLLM's client: requests in", ("vllm/v1/engine/input_processor", "vllm/sampling_params", "vllm/renderers/")),
    ("vLLM's client: tokens out", ("vllm/v1/engine/output_processor", "vllm/v1/engine/logprobs", "vllm/v1/metrics/")),
    ("vLLM's client: the rest", ("/vllm/",)),
    ("episode loop", ("rollout/", "cluster/")),
    ("Ray", ("/ray/",)),
    ("event loop", ("/asyncio/",)),
)
"""Where a sample of the host's thread belongs: the first of these that a frame lies in, from the innermost outwards."""
_IDLE = ("/selectors.py", "/threading.py")
"""Where the innermost frame lies while the loop waits; uvloop, which Ray uses, has no frame of its own."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay did."""

    requests: int
    prompt_tokens: int
    generated_tokens: int


class MeasuredHost(RolloutHost):
    """As the host of a run, with measurements that no run has."""

    _episodes: Sequence[Episode] = ()
    _sampler: "Sampler | None" = None

    async def forget_prefixes(self) -> None:
        """An empty prefix cache, so that every measurement begins alike."""
        await self._llm.reset_prefix_cache()

    async def read(self, prefix: str) -> Replayed:
        """Take the episodes under `prefix` as those to replay, in the order in which they were begun."""
        ledger = Ledger(self._store, prefix)
        self._episodes = tuple(read_rows(Episode, ledger))
        prompts = replies = requests = 0
        for episode in self._episodes:
            context = len(episode.prompt_ids)
            for step in episode.steps:
                requests += 1
                prompts += context
                replies += len(step.token_ids)
                context += len(step.token_ids) + len(step.feedback_ids)
        return Replayed(requests=requests, prompt_tokens=prompts, generated_tokens=replies)

    async def replay(self, live: int, temperature: float, verbatim: bool, logprobs: bool = True) -> Replayed:
        """The same requests on the bare AsyncLLM: step by step, `live` episodes at a time, no agent around it.

        Every reply has the recorded length. A later prompt holds the tokens that this replay sampled in place of the
        recorded ones (`verbatim`: the recorded ones), so that the prefix cache serves as many of its blocks as in the
        run.
        """
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        gate = asyncio.Semaphore(live)
        llm = self._llm
        counts = Counter[str]()

        async def one(index: int, episode: Episode) -> None:
            ids = list(episode.prompt_ids)
            for number, step in enumerate(episode.steps):
                parameters = SamplingParams(
                    temperature=temperature,
                    max_tokens=len(step.token_ids),
                    ignore_eos=True,
                    logprobs=0 if logprobs else None,
                    flat_logprobs=True,
                    detokenize=False,
                    skip_clone=True,
                    output_kind=RequestOutputKind.FINAL_ONLY,
                )
                final = None
                name = f"replay-{index}.{number}"
                # As the run has it: turns that go on come before new episodes.
                tokens = {"type": "token", "prompt_token_ids": ids}
                async for output in llm.generate(tokens, parameters, name, priority=-number):
                    final = output
                assert final is not None
                reply = final.outputs[0].token_ids
                assert len(reply) == len(step.token_ids), "replies are as long as the recorded ones"
                counts.update(requests=1, prompt_tokens=len(ids), generated_tokens=len(reply))
                ids = [*ids, *(step.token_ids if verbatim else reply), *step.feedback_ids]

        async def gated(index: int, episode: Episode) -> None:
            async with gate:
                await one(index, episode)

        async with asyncio.TaskGroup() as group:
            for index, episode in enumerate(self._episodes):
                group.create_task(gated(index, episode))
        return Replayed(**counts)

    async def cpu_seconds(self) -> dict[str, float]:
        """Processor time so far of this process and of the engine's."""
        own = psutil.Process()
        engine = sum(sum(child.cpu_times()[:2]) for child in own.children(recursive=True))
        return {"host": sum(own.cpu_times()[:2]), "engine": engine}

    async def sample_begin(self) -> None:
        self._sampler = Sampler(threading.get_ident())

    async def sample_end(self) -> dict[str, float]:
        """Share of the time since `sample_begin` that this thread spent in each of `PLACES`, and waiting."""
        assert self._sampler is not None
        return await asyncio.to_thread(self._sampler.end)

    @property
    def _llm(self) -> Any:
        assert self._engine is not None, "the host has served before it is measured"
        return self._engine._llm  # type: ignore[union-attr]


class Sampler:
    """Looks every few milliseconds where a thread is."""

    def __init__(self, thread: int) -> None:
        self._watched = thread
        self._counts = Counter[str]()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> dict[str, float]:
        self._ended.set()
        self._thread.join()
        total = sum(self._counts.values())
        return {place: count / total for place, count in self._counts.most_common()}

    def _look(self) -> None:
        while not self._ended.is_set():
            frame = sys._current_frames().get(self._watched)
            if frame is not None:
                self._counts[place_of(frame)] += 1
            time.sleep(SAMPLE_EVERY_S)


def place_of(frame: FrameType | None) -> str:
    """The place in which a thread with this innermost frame spends its time."""
    if frame is not None and frame.f_code.co_filename.endswith(_IDLE):
        return "waiting"
    root = str(Path(__file__).resolve().parents[2])
    while frame is not None:
        file = frame.f_code.co_filename
        known = file.removeprefix(f"{root}/") if not file.startswith(f"{root}/.") else file
        for place, parts in PLACES:
            if any(known.startswith(part) if not part.startswith(("/", "vllm")) else part in file for part in parts):
                return place
        frame = frame.f_back
    return "other"
