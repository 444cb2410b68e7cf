"""The probes of a run: what they ask (conversations about its own problems), and where they are kept."""

import asyncio
from collections.abc import Sequence

import msgspec

from cluster.engine.probe import DECODED_TOKENS, Probe, ProbeText
from cluster.engine.scripted import ScriptedEngine
from cluster.errors import CorruptionError, RequestError
from cluster.store.digests import checked, sealed
from cluster.store.storage import Store
from rollout.config import EpisodeConfig
from rollout.data import layout
from rollout.episodes.episode import EpisodeSetting, SampleSpec, run_episode
from rollout.formats import CallFormat
from rollout.hosts.scripted_replies import OraclePolicy
from rollout.prompts.template import ChatTemplate
from rollout.records import Episode, Problem, Producer, content_hash

PROBE_TOKENS = 512
PROBE_POSITIONS = 4
_PROMPT_TOKENS = 160
"""Of a prompt only its end is asked, so that several turns fit in: arms differ in what they reply, not in prompts."""
_PROBLEMS = 6
_WRONG = 0.4
"""Share of the conversations in which the model makes a mistake and reads what it did wrong."""


def make_probe_text(
    problems: Sequence[Problem],
    template: ChatTemplate,
    call_format: CallFormat,
    config: EpisodeConfig,
    max_context: int,
) -> ProbeText:
    """Some of the run's problems attempted by the oracle policy, one conversation after the other.

    At most `PROBE_TOKENS` tokens, fewer where `max_context` (in tokens) holds fewer. It is a function of its arguments
    alone, so that all models with one tokenizer are asked the same.
    """
    if not problems:
        raise RequestError("the run has no problems, so there is nothing to prove its models with; give it some")
    policy = OraclePolicy(_WRONG, seed=0)
    policy.learn(problems[:_PROBLEMS], template, call_format)
    setting = EpisodeSetting(
        engine=ScriptedEngine(policy),
        template=template,
        call_format=call_format,
        config=config,
        max_context=max_context,
        producer=Producer(model="oracle", revision="", licence=""),
        generation="",
    )

    async def attempts() -> list[Episode]:
        attempt = SampleSpec(sample=0, temperature=0.0)
        return [await run_episode(problem, attempt, setting) for problem in problems[:_PROBLEMS]]

    longest = min(PROBE_TOKENS, max_context - DECODED_TOKENS - 1)
    ids: list[int] = []
    starts: list[int] = []
    for episode in asyncio.run(attempts()):
        ids += episode.prompt_ids[-_PROMPT_TOKENS:]
        for step in episode.steps:
            starts.append(len(ids))
            ids += (*step.token_ids, *step.feedback_ids)
    starts = [start for start in starts if 0 < start < min(longest, len(ids))] or [min(longest, len(ids)) - 1]
    chosen = {
        starts[round(index * (len(starts) - 1) / max(1, PROBE_POSITIONS - 1))] for index in range(PROBE_POSITIONS)
    }
    return ProbeText(token_ids=tuple(ids[:longest]), positions=tuple(sorted(chosen)))


def probe_path(model: str, revision: str, text: ProbeText) -> str:
    """Where the probe of a model's revision lies in the run's store."""
    return layout.probe(model, content_hash(revision, msgspec.json.encode(text)))


def write_probe(store: Store, path: str, probe: Probe) -> None:
    """Keep a probe with its digest, unless there is one at that path."""
    store.create(path, sealed(msgspec.json.encode(probe), "json"))


def read_probes(store: Store) -> dict[str, Probe]:
    """Path -> probe, of every model that the run has served so far. Raises CorruptionError for a broken file."""
    probes = {}
    for path in store.list(layout.PROBES):
        try:
            data = checked(store.read(path), f"{store.uri}/{path}", "delete it and run again")
            probes[path] = msgspec.json.decode(data, type=Probe)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CorruptionError(f"{path} is broken ({error}); delete it and run again") from None
    return probes
