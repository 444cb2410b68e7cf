"""The whole path through the command line on the real engines: killed and interrupted in the middle, gone on with,
and looked at as a user would."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from cluster.errors import RequestError, WorkError
from pipeline.commands.verify import verify_run
from tests.integration.planted import PLANTED, leaking_files
from tests.repository import DATA, ROOT

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1500)]

RECIPE = DATA / "smallest.toml"
START_S = 400.0


def heed_interrupts() -> None:
    """A shell's background job ignores SIGINT, and hands that on; the command under test is one in the foreground."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Command:
    """`chainpref` as processes of their own, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run_dir = folder / "run"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **PLANTED},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=heed_interrupts,
        )

    def run(self, *arguments: str) -> str:
        """Output of a command that must succeed."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=1200)
        assert process.returncode == 0, output
        return output

    def start_run(self) -> subprocess.Popen[str]:
        return self.start("run", str(RECIPE), "--run", str(self.run_dir))

    def commits(self, prefix: str) -> dict[str, bytes]:
        """Name -> bytes of the commit records."""
        return {path.name: path.read_bytes() for path in (self.run_dir / prefix / "commits").glob("*.json")}


def wait_for(what: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Until `what` is true. Fails when the process ends before."""
    deadline = time.monotonic() + START_S
    while not what():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "it did not come that far"
        time.sleep(0.05)


def children(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


RAYS_OWN = ("ray::DashboardAgent", "ray::RuntimeEnvAgent")
"""Agents of Ray that notice the end of their raylet by asking now and then, and end a minute or more after it."""


def assert_gone(left: list[psutil.Process]) -> None:
    """No engine, host, worker or server of the command is left; Ray's two agents follow by themselves."""
    _, alive = psutil.wait_procs([process for process in left if name_of(process) not in RAYS_OWN], timeout=60)
    assert alive == []


def name_of(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A run that was killed with -9 during the rollout and interrupted during training, and gone on with to its end."""
    command = Command(tmp_path_factory.mktemp("whole"))

    killed = command.start_run()
    wait_for(lambda: len(command.commits("episodes")) >= 2, killed)
    before = command.commits("episodes")
    family = children(killed)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert_gone(family)

    interrupted = command.start_run()
    wait_for(lambda: list((command.run_dir / "checkpoints" / "sft").glob("checkpoint-*")), interrupted)
    family = children(interrupted)
    interrupted.send_signal(signal.SIGINT)
    output, _ = interrupted.communicate(timeout=120)
    assert interrupted.returncode == 130, output
    assert "the same command goes on from here" in output
    assert_gone(family)
    episodes = command.commits("episodes")
    assert before.items() <= episodes.items(), "a committed unit was done again"

    output = command.run("run", str(RECIPE), "--run", str(command.run_dir))
    assert "report:" in output
    assert command.commits("episodes") == episodes
    return command


def test_the_summary_holds_what_is_promised(finished: Command) -> None:
    summary = json.loads((finished.run_dir / "report" / "summary.json").read_text())
    assert set(summary["arms"]) == {"teacher", "base", "sft", "dpo", "sft+dpo"}
    for arm in summary["arms"].values():
        suite = arm["suites"]["arithmetic"]
        assert suite["n"] == 8
        assert suite["ci"][0] <= suite["accuracy"] <= suite["ci"][1]
        assert suite["sampled_ci"][0] <= suite["sampled_accuracy"] <= suite["sampled_ci"][1]
        assert isinstance(suite["errors"], dict)
    assert {("dpo", "base"), ("sft", "base")} <= {(row["a"], row["b"]) for row in summary["comparisons"]}
    data = summary["data"]
    assert data["episodes"] == 24 * 8 == sum(data[name] for name in ("right", "wrong", "truncated", "infrastructure"))
    assert data["infrastructure"] == 0
    assert data["pairs"] > 0
    assert data["chains"] >= 2 * data["groups"] > 0
    assert data["teacher_tokens"] > data["episodes"]
    for name, trained in summary["training"].items():
        assert trained["chains"] > 0, name
        assert trained["passes"] > 0, name
    assert set(summary["training"]) == {"sft", "dpo", "sft+dpo"}
    assert set(summary["seconds"]) >= {"models", "rollout", "groups", "reference", "train", "evaluate"}
    assert {"ray", "torch", "deepspeed", "trl"} <= set(summary["versions"])


def test_scores_were_made_by_the_models_that_they_name(finished: Command, tmp_path: Path) -> None:
    """Every token that was sampled for the scores has the log-probability that the published model gives it."""
    out = tmp_path / "logprobs.json"
    asked = ["-m", "benchmarks.logprobs", str(finished.run_dir), "--json", str(out), "--episodes", "4"]
    done = subprocess.run([sys.executable, *asked], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    models = json.loads(out.read_text())["models"]
    assert set(models) == {"teacher", "base", "sft", "dpo", "sft+dpo"}
    for name, found in models.items():
        assert found["tokens"] > 20, name
        assert found["largest"] < 1e-4, name
        assert found["nearest_other"] > 10 * found["largest"], "the comparison could not have failed"


def test_no_secret_of_the_environment_is_written_anywhere(finished: Command) -> None:
    """Not into the run's folder with Ray's, vLLM's and DeepSpeed's logs, the report, or caches beside it."""
    assert len(list((finished.run_dir / "logs").rglob("*.log"))) >= 3
    assert leaking_files([finished.folder]) == {}


def test_the_report_stands_alone(finished: Command) -> None:
    page = (finished.run_dir / "report" / "index.html").read_text()
    assert page.count("<svg") >= 4
    assert 'src="http' not in page
    assert "sft+dpo" in page


def test_a_second_run_writes_nothing(finished: Command) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in finished.run_dir.rglob("*")}

    before = state()
    output = finished.run("run", str(RECIPE), "--run", str(finished.run_dir))
    assert "nothing to do" in output
    assert state() == before


def test_verify_passes_over_every_file(finished: Command) -> None:
    output = finished.run("verify", str(finished.run_dir))
    assert "verified: every file but those of logs/ is what was written" in output
    assert f"{len(files_of(finished.run_dir))} files" in output


def test_verify_finds_a_flipped_byte_in_every_file_and_a_missing_and_an_extra_one(finished: Command) -> None:
    """The first, the middle and the last byte of every file, one at a time; then every file is taken away once."""
    names = files_of(finished.run_dir)
    for kind in EVERY_KIND:
        assert any(re.fullmatch(kind, name) for name in names), kind
    for name in names:
        path = finished.run_dir / name
        whole = path.read_bytes()
        try:
            for at in sorted({0, len(whole) // 2, max(0, len(whole) - 1)}):
                # A file that is empty gets a byte.
                flipped = bytes([whole[at] ^ 1]) if whole else b"x"
                path.write_bytes(whole[:at] + flipped + whole[at + 1 :])
                assert name in found_by_verify(finished.run_dir), (name, at)
            path.unlink()
            if name != "inventory.json":
                assert name in found_by_verify(finished.run_dir), name
        finally:
            path.write_bytes(whole)
    for name in sorted({f"{Path(name).parent}/more" for name in names}):
        extra = finished.run_dir / name
        extra.write_bytes(b"x")
        try:
            assert name.removeprefix("./") in found_by_verify(finished.run_dir), name
        finally:
            extra.unlink()
    verify_run(finished.run_dir, Console(file=io.StringIO()))


EVERY_KIND = (
    r"(recipe\.toml|plan\.json|prediction\.json|events\.jsonl|inventory\.json)",
    r"problems/train\.jsonl",
    r"problems/suites/arithmetic\.jsonl",
    r"(episodes|scores|groups/student|reference/student)/commits/.+\.json",
    r"(episodes|scores|groups/student|reference/student)/shards/.+\.arrow",
    r"groups/student/(state|dataset_info)\.json",
    r"probes/sft\+dpo-.+\.json",
    r"models/(teacher|base|sft|dpo|sft\+dpo)/(model\.safetensors|config\.json|tokenizer\.json|chainpref\.sha256)",
    r"checkpoints/dpo/examples-.+/(examples\.arrow|counts\.json|chainpref\.sha256)",
    r"checkpoints/sft/rows-.+/(rows\.arrow|counts\.json|chainpref\.sha256)",
    r"checkpoints/dpo/checkpoint-4/global_step4/.+_optim_states\.pt",
    r"checkpoints/dpo/checkpoint-4/(manifest\.json|rng_state_1\.pth|latest)",
    r"checkpoints/dpo/metrics\.jsonl",
    r"checkpoints/dpo/tensorboard/.+",
    r"report/(index\.html|summary\.json)",
)


def files_of(run_dir: Path) -> list[str]:
    """All files of a run but its lock and its logs."""
    names = (path.relative_to(run_dir).as_posix() for path in run_dir.rglob("*") if path.is_file())
    return sorted(name for name in names if name != ".lock" and not name.startswith("logs/"))


def found_by_verify(run_dir: Path) -> str:
    """What `chainpref verify` says of a run with a fault, which it has to call one."""
    console = Console(file=io.StringIO(), width=10_000)
    with pytest.raises((WorkError, RequestError)) as raised:
        verify_run(run_dir, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue() + str(raised.value)


def test_training_began_at_ln_2_and_every_step_is_logged_once(finished: Command) -> None:
    for arm, steps in (("sft", 4), ("dpo", 4), ("sft+dpo", 2)):
        lines = (finished.run_dir / "checkpoints" / arm / "metrics.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in lines]
        assert [row["step"] for row in rows] == list(range(1, steps + 1))
        if arm != "sft":
            assert rows[0]["loss"] == pytest.approx(0.693147, abs=1e-4)


def test_groups_open_as_a_data_set(finished: Command) -> None:
    from datasets import load_from_disk

    groups = load_from_disk(str(finished.run_dir / "groups" / "student"))
    assert len(groups) > 0
    assert {"problem_id", "prompt_ids", "chains"} <= set(groups.column_names)


def test_trl_trains_from_the_export_unchanged(finished: Command, tmp_path: Path) -> None:
    out = tmp_path / "pairs.jsonl"
    finished.run("export", str(finished.run_dir), "--format", "trl", "--out", str(out), "--max-pairs", "2")
    code = f"""
from datasets import load_dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import DPOConfig, DPOTrainer
model = AutoModelForCausalLM.from_pretrained({str(finished.run_dir / "models" / "base")!r})
tokenizer = AutoTokenizer.from_pretrained({str(finished.run_dir / "models" / "base")!r})
pairs = load_dataset("json", data_files={str(out)!r}, split="train", cache_dir={str(tmp_path / "cache")!r})
config = DPOConfig(output_dir={str(tmp_path / "trl")!r}, max_steps=2, per_device_train_batch_size=2, use_cpu=True,
                   report_to=[], save_strategy="no", bf16=False, disable_tqdm=True, logging_steps=1)
trainer = DPOTrainer(model, args=config, train_dataset=pairs, processing_class=tokenizer)
trainer.train()
print("first loss", trainer.state.log_history[0]["loss"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    loss = float(done.stdout.split("first loss")[1].split()[0])
    assert loss == pytest.approx(0.693147, abs=1e-3)


def test_the_other_exports_are_one_message_a_side(finished: Command, tmp_path: Path) -> None:
    for form, keys in (
        ("openai", {"input", "preferred_output", "non_preferred_output"}),
        ("sharegpt", {"conversations", "chosen", "rejected"}),
    ):
        out = tmp_path / f"{form}.jsonl"
        finished.run("export", str(finished.run_dir), "--format", form, "--out", str(out))
        rows = [json.loads(line) for line in out.read_text().splitlines()]
        assert rows
        assert all(set(row) == keys for row in rows)


def test_status_and_inspect_read_the_run(finished: Command) -> None:
    status = finished.run("status", str(finished.run_dir))
    assert status.count("complete") == 7
    assert "episode units: 8 of 8" in status
    shown = finished.run("inspect", str(finished.run_dir), "--limit", "2")
    assert "arithmetic-test-" in shown
