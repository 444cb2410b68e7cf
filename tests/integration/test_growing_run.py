"""What docs/operations.md says that a run may change, through the command line, as a user would: a finished run grows,
killed in the middle, and an arm that was begun on two ranks ends on one. Scripted hosts, real training."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.store.ledger import Ledger
from cluster.store.storage import LocalStore
from rollout.data.group_rows import live_units
from rollout.data.shards import read_rows
from rollout.records import Episode, Score
from tests.repository import ROOT
from tests.rollout.conversations import tokenizer

pytestmark = [pytest.mark.engine, pytest.mark.timeout(3000)]

RECIPE = """
[run]
name = "growing"

[models]
student_name = "student"
teacher = { source = "student" }
student = { source = "student" }

[problems.arithmetic]
family = "arithmetic"
train = 6
test = 3
difficulty = [1, 1]

[episodes]
verbosity = "names"
max_steps = 6
max_failed_steps = 0

[engines.teacher]
cpus = 0.5
live_episodes = 8
engine = { max_context = 4096 }
scripted = { wrong = 0.5, median_s = 0.01 }

[engines.student]
cpus = 0.5
live_episodes = 8
engine = { max_context = 4096 }
scripted = { wrong = 0.6 }

[rollout]
samples = 6
problems_per_block = 3
samples_per_unit = 3

[training]
ranks = 2
cpus_per_rank = 0.5
checkpoint_steps = 2

[arms.sft]
method = "sft"
max_steps = 8
groups_per_step = 3
lr_scheduler_type = "constant"
learning_rate = 1e-3

[evaluation]
samples = 1
bootstrap = 100
permutations = 99
"""
GROWN = [
    "rollout.samples=10",
    "problems.arithmetic.train=9",
    "problems.arithmetic.test=5",
    "problems.letters={family='letters', train=2, test=2}",
    "evaluation.samples=2",
    "arms.more={method='dpo', start='sft', max_steps=2, groups_per_step=2}",
]
"""Everything that may become more, at once."""


class Folder:
    """A folder with a recipe, its student and a run, in which commands are typed."""

    def __init__(self, path: Path) -> None:
        self.path, self.run = path, path / "run"

    def start(self, command: str, *settings: str) -> subprocess.Popen[str]:
        sets = [word for setting in settings for word in ("--set", setting)]
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", command, "recipe.toml", "--run", "run", *sets],
            cwd=self.path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def typed(self, command: str, *settings: str, status: int = 0) -> str:
        process = self.start(command, *settings)
        output, _ = process.communicate(timeout=1200)
        assert process.returncode == status, output
        return output

    def killed(self, when: Callable[[], object], command: str, *settings: str) -> None:
        """Start the command and kill it with -9 once `when` is true."""
        process = self.start(command, *settings)
        deadline = time.monotonic() + 900
        while not when():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, "it did not come that far"
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()

    def asked(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", *arguments],
            cwd=self.path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ledger(self, prefix: str) -> Ledger:
        return Ledger(LocalStore(self.run), prefix)

    def data(self) -> dict[str, bytes]:
        """The files that a growth may not touch: what is committed, problems, plans and models."""
        kinds = ("commits", "shards", "problems", "plan.json", "plans", "models")
        return {
            str(path.relative_to(self.run)): path.read_bytes()
            for path in self.run.rglob("*")
            if path.is_file() and any(part in kinds for part in path.relative_to(self.run).parts)
        }

    def stamps(self) -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in self.run.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A run that is done."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = Folder(tmp_path_factory.mktemp("growing"))
    words = tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(words), hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=4096, eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder.path / "student")
    words.save_pretrained(str(folder.path / "student"))
    (folder.path / "recipe.toml").write_text(RECIPE)
    folder.typed("run")
    return folder


@pytest.fixture(scope="module")
def grown(finished: Folder, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The same run, grown: killed during its rollout, and gone on with to the end."""
    folder = Folder(tmp_path_factory.mktemp("grown") / "here")
    shutil.copytree(finished.path, folder.path)
    before = len(folder.ledger("episodes").history())
    folder.killed(lambda: len(folder.ledger("episodes").history()) > before, "run", *GROWN)
    output = folder.typed("run", *GROWN)
    assert "arm sft stays on the" in output
    return folder


def test_a_grown_run_keeps_what_is_there_and_does_the_rest_once(finished: Folder, grown: Folder) -> None:
    before, after = finished.data(), grown.data()
    assert {name: data for name, data in after.items() if name in before} == before
    episodes = list(read_rows(Episode, grown.ledger("episodes")))
    assert max(Counter((row.problem_id, row.sample) for row in episodes).values()) == 1
    problems = {row.problem_id for row in episodes}
    assert len(episodes) == 10 * len(problems)
    assert {row.family for row in episodes} == {"arithmetic", "letters"}
    assert "verified: every file" in grown.asked("verify", "run")
    first = {(row.problem_id, row.sample) for row in read_rows(Episode, finished.ledger("episodes"))}
    for row in episodes:
        assert row.provenance.recipe == (0 if (row.problem_id, row.sample) in first else 1)


def test_scores_are_of_all_models_and_say_under_which_recipe_they_were_made(finished: Folder, grown: Folder) -> None:
    def keys(folder: Folder) -> Counter[tuple[object, ...]]:
        return Counter(
            (row.model, row.suite, row.greedy, row.episode.problem_id, row.episode.sample)
            for row in read_rows(Score, folder.ledger("scores"))
        )

    assert set(keys(grown).values()) == {1}
    by_suite = Counter((model, suite, greedy) for model, suite, greedy, _, _ in keys(grown))
    for model in ("teacher", "base", "sft", "more"):
        assert by_suite[model, "arithmetic", True] == 5
        assert by_suite[model, "arithmetic", False] == 2 * 5
        assert by_suite[model, "letters", False] == 2 * 2
    for row in read_rows(Score, grown.ledger("scores")):
        key = (row.model, row.suite, row.greedy, row.episode.problem_id, row.episode.sample)
        assert row.episode.provenance.recipe == (0 if key in keys(finished) else 1)
    summary = json.loads((grown.run / "report" / "summary.json").read_text())
    assert summary["arms"]["sft"]["suites"]["arithmetic"]["n"] == 5
    assert summary["data"]["episodes"] == len(list(read_rows(Episode, grown.ledger("episodes"))))


def test_groups_of_two_generations_are_never_mixed(finished: Folder, grown: Folder) -> None:
    from datasets import load_from_disk

    old, new = ({commit.unit for commit in live_units(folder.ledger("groups/student"))} for folder in (finished, grown))
    assert not old & new, "every block has more samples"
    made = {arm: json.loads((grown.run / "models" / arm / "made_from.json").read_text()) for arm in ("sft", "more")}
    assert set(made["sft"]["groups"]) == old
    assert set(made["more"]["groups"]) == new
    rows = load_from_disk(str(grown.run / "groups" / "student"))
    assert (
        len(rows)
        == len(set(rows["problem_id"]))
        == sum(commit.rows for commit in live_units(grown.ledger("groups/student")))
    )
    grown.asked("export", "run", "--out", "pairs.jsonl")


def test_status_says_what_changed_when_and_what_arms_were_trained_on(grown: Folder) -> None:
    shown = grown.asked("status", "run")
    (line,) = [line for line in shown.splitlines() if line.startswith("recipe 1, ")]
    assert "rollout.samples: 6 -> 10" in line
    assert "problems.letters is new" in line
    assert "arms.more is new" in line
    assert "arm sft stays on the" in shown
    assert shown.count("complete") == 7
    summary = json.loads((grown.run / "report" / "summary.json").read_text())
    assert summary["recipes"] == [line]


def test_a_grown_run_again_writes_nothing_and_does_not_shrink(grown: Folder) -> None:
    before = grown.stamps()
    assert "nothing to do" in grown.typed("run", *GROWN)
    assert grown.stamps() == before
    said = grown.typed("run", status=2)
    assert said.count("\n") == 1
    assert "rollout.samples: 10 -> 6, which may only grow" in said
    assert "arms.more is gone" in said
    assert grown.stamps() == before


def test_a_report_is_made_anew_for_other_settings_of_its_own(grown: Folder) -> None:
    folder = Folder(grown.path.with_name("report"))
    shutil.copytree(grown.path, folder.path)
    before = folder.data()
    folder.typed("run", *GROWN, "evaluation.confidence=0.8")
    summary = json.loads((folder.run / "report" / "summary.json").read_text())
    assert summary["evaluation"]["confidence"] == 0.8
    assert folder.data() == before


STEPS = 60
"""Ray ends the ranks some seconds after their driver was killed; the arm must not be done by then."""


@pytest.mark.long
@pytest.mark.parametrize("method", ["sft", "dpo"])
def test_an_arm_begun_on_two_ranks_ends_on_one(finished: Folder, tmp_path: Path, method: str) -> None:
    """Killed after a checkpoint; it goes on from there, and its losses are those of an arm that nobody disturbed."""
    arm = f"arms.long={{method='{method}', max_steps={STEPS}, groups_per_step=2, lr_scheduler_type='constant'}}"
    undisturbed, disturbed = Folder(tmp_path / "undisturbed"), Folder(tmp_path / "disturbed")
    for folder in (undisturbed, disturbed):
        shutil.copytree(finished.path, folder.path)
    checkpoints = disturbed.run / "checkpoints" / "long"
    disturbed.killed(lambda: list(checkpoints.glob("checkpoint-*/manifest.json")), "train", arm)
    undisturbed.typed("train", arm)
    assert not (disturbed.run / "models" / "long").exists()
    output = disturbed.typed("train", arm, "training.ranks=1", "training.tokens_per_micro_step=4096")
    assert "training.ranks: 2 -> 1" in output
    log = (disturbed.run / "logs" / "train-long.log.rank0").read_text()
    assert "resumes from" in log
    assert "resharded" in log

    def losses(folder: Folder) -> list[float]:
        rows = (folder.run / "checkpoints" / "long" / "metrics.jsonl").read_text().splitlines()
        assert [json.loads(row)["step"] for row in rows] == list(range(1, STEPS + 1))
        return [json.loads(row)["loss"] for row in rows]

    assert losses(disturbed) == pytest.approx(losses(undisturbed), rel=1e-3)
    assert (disturbed.run / "models" / "long" / "model.safetensors").is_file()
    assert "verified: every file" in disturbed.asked("verify", "run")
