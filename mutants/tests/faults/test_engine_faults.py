"""Real engines killed and frozen in the middle of a rollout: replaced, and the rollout is whole."""

import signal
from pathlib import Path

import psutil
import pytest

from tests.faults.rollouts import Harmed, assert_whole, prepare
from tests.faults.test_rollout_faults import tell
from tests.integration.test_whole_path import assert_gone, children

pytestmark = [pytest.mark.engine, pytest.mark.faults, pytest.mark.timeout(1800)]


def with_engine(folder: Path, ranks: int) -> Harmed:
    """A rollout on a model of random weights, whose noise fails to parse: every attempt takes all its steps. It may
    take less time than the watchdog waits, so that a frozen engine outlasts every episode."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    engine = (
        f'{{ tensor_parallel = {ranks}, max_context = 1024, max_running = 32, kv_cache_mb = 64, dtype = "float32", '
        "eager = true, stall_timeout_s = 10 }"
    )
    harmed = prepare(
        folder,
        **{
            "engine = { max_context = 8192 }": f"engine = {engine}",
            "scripted = { median_s = 0.04, sigma = 0.7, wrong = 0.4, abort = 0.01 }\n": "",
            "count = 2": "count = 1",
            "live_episodes = 16": "live_episodes = 32",
            'verbosity = "names"': 'verbosity = "names"\nmax_steps = 3\nmax_failed_steps = 3\nmax_step_tokens = 24\n'
            "max_seconds = 8",
        },
    )
    torch.manual_seed(0)
    shape = LlamaConfig(
        vocab_size=512,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=1024,
    )
    LlamaForCausalLM(shape).save_pretrained(folder / "model")
    return harmed


def engine_process(family: list[psutil.Process], title: str) -> psutil.Process:
    """The first of `family` whose title begins with `title`."""
    for process in family:
        try:
            if " ".join(process.cmdline()).startswith(title):
                return process
        except psutil.NoSuchProcess:
            continue
    raise AssertionError(f"no process {title}")


def test_an_engine_killed_and_then_frozen_is_replaced(tmp_path: Path) -> None:
    harmed = with_engine(tmp_path, ranks=1)
    process = harmed.start()
    for harm, wanted in ((signal.SIGKILL, 2), (signal.SIGSTOP, 8)):
        assert harmed.wait(process, lambda least=wanted: len(harmed.committed()) >= least), harmed.said()
        before = len(harmed.committed())
        engine_process(children(process), "VLLM::EngineCore").send_signal(harm)
        harmed.recovered(process, before)
    family = children(process)
    harmed.finish(process)
    assert_gone(family)
    events = (harmed.run / "events.jsonl").read_text()
    assert events.count('"retry"') >= 2
    assert "engine_stalled" in events, "the engine's silence is no episode's time"
    assert len(harmed.recoveries) == 2, "the rollout was over before"
    tell(harmed, "engine killed, then frozen")
    assert_whole(harmed)


def test_a_worker_of_an_engine_on_two_ranks_is_killed(tmp_path: Path) -> None:
    harmed = with_engine(tmp_path, ranks=2)
    process = harmed.start()
    assert harmed.wait(process, lambda: len(harmed.committed()) >= 2), harmed.said()
    before = len(harmed.committed())
    engine_process(children(process), "VLLM::Worker_TP1").send_signal(signal.SIGKILL)
    harmed.recovered(process, before)
    harmed.finish(process)
    assert len(harmed.recoveries) == 1
    tell(harmed, "one of two ranks killed")
    assert_whole(harmed)
