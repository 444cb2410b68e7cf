"""Warm starts: a given model learns, goes on after an interruption as if there had been none, and is reused."""

import itertools
import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from cluster.config import parse
from cluster.engine.probe import ProbeText
from cluster.errors import CorruptionError, RequestError
from rollout.config import EpisodeConfig
from rollout.problems import FamilyConfig
from rollout.prompts.template import ChatTemplate
from training.probe import read_files
from training.tiny import state
from training.tiny.config import TinyConfig, TokenizerConfig, WarmConfig
from training.tiny.corpus import Corpus
from training.tiny.learning import Report, Row, TinyProgress, batch_loss, batches
from training.tiny.model import ensure_tiny, ensure_tokenizer, load_tokenizer
from training.tiny.warm import ensure_warm

CORPUS = Corpus((FamilyConfig(family="arithmetic", difficulty=(1, 1)),), EpisodeConfig(verbosity="names"), problems=8)
CONFIG = WarmConfig(conversations=30, batch=4, learning_rate=1e-2, malformed=0.5, seed=3)
CONTEXT = 512
PROBE = ProbeText(token_ids=tuple(range(40)), positions=(5, 20))


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("start")
    tokenizer = ensure_tokenizer(TokenizerConfig(vocabulary=300, conversations=20), CORPUS, root)
    shape = TinyConfig(hidden=32, layers=1, heads=1, intermediate=32, steps=2, batch=4)
    return str(ensure_tiny(shape, CORPUS, tokenizer, root).folder)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True).state_dict()
    return found


def same(one: Path, other: Path) -> bool:
    a, b = weights(one), weights(other)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def interrupted_at(step: int) -> Report:
    def stop(at: TinyProgress) -> None:
        if at.step == step:
            raise KeyboardInterrupt

    return stop


def test_it_learns_and_says_how_far_it_is(start: str, tmp_path: Path) -> None:
    reports: list[TinyProgress] = []
    made = ensure_warm(CONFIG, CORPUS, start, CONTEXT, tmp_path, reports.append, probe=PROBE)
    assert [at.step for at in reports] == list(range(1, 9)), "30 conversations in batches of 4"
    assert reports[-1].loss < 0.9 * reports[0].loss
    assert not same(made.folder, Path(start))
    assert (
        load_tokenizer(made.folder).backend_tokenizer.to_str() == load_tokenizer(Path(start)).backend_tokenizer.to_str()
    )
    assert made.reading is not None
    files = read_files(str(made.folder), PROBE)
    assert made.reading.prefill == pytest.approx(files.prefill, abs=1e-5)
    assert made.reading.prefill != pytest.approx(read_files(start, PROBE).prefill, abs=1e-2)


def test_after_an_interruption_it_comes_out_the_same(
    start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ensure_warm(CONFIG, CORPUS, start, CONTEXT, tmp_path / "whole").folder
    monkeypatch.setattr(state, "SAVE_EVERY_S", 0.0)
    seen: list[int] = []
    for step in (3, 6):
        with pytest.raises(KeyboardInterrupt):
            ensure_warm(CONFIG, CORPUS, start, CONTEXT, tmp_path / "cut", interrupted_at(step))
    (unfinished,) = (tmp_path / "cut").iterdir()
    assert [path.name for path in unfinished.iterdir()] == ["5"], "the last state alone is kept"
    made = ensure_warm(CONFIG, CORPUS, start, CONTEXT, tmp_path / "cut", lambda at: seen.append(at.step)).folder
    assert seen == [6, 7, 8]
    assert same(made, whole)
    assert made.name == whole.name
    assert list((tmp_path / "cut").iterdir()) == [made]


def test_a_state_without_its_moments_would_come_out_otherwise(
    start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ensure_warm(CONFIG, CORPUS, start, CONTEXT, tmp_path / "whole").folder
    monkeypatch.setattr(state, "SAVE_EVERY_S", 0.0)
    with pytest.raises(KeyboardInterrupt):
        ensure_warm(CONFIG, CORPUS, start, CONTEXT, tmp_path / "cut", interrupted_at(5))
    right = state.SavedState._load

    def forgets(self: state.SavedState, folder: Path) -> None:
        right(self, folder)
        self.optimizer.state.clear()

    monkeypatch.setattr(state.SavedState, "_load", forgets)
    assert not same(ensure_warm(CONFIG, CORPUS, start, CONTEXT, tmp_path / "cut").folder, whole)


def test_a_damaged_state_is_found(start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "SAVE_EVERY_S", 0.0)
    with pytest.raises(KeyboardInterrupt):
        ensure_warm(CONFIG, CORPUS, start, CONTEXT, tmp_path, interrupted_at(3))
    (file,) = tmp_path.rglob("progress.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"step": 1}))
    with pytest.raises(CorruptionError, match="its hash differs; remove"):
        ensure_warm(CONFIG, CORPUS, start, CONTEXT, tmp_path)


def test_what_is_there_is_reused_and_another_request_makes_another(start: str, tmp_path: Path) -> None:
    quick = CONFIG.model_copy(update={"conversations": 4})
    first = ensure_warm(quick, CORPUS, start, CONTEXT, tmp_path)
    before = (first.folder / "model.safetensors").stat().st_mtime_ns
    again = ensure_warm(quick, CORPUS, start, CONTEXT, tmp_path, probe=PROBE)
    assert (again.folder, again.reading) == (first.folder, None)
    assert (first.folder / "model.safetensors").stat().st_mtime_ns == before
    other = quick.model_copy(update={"seed": 4})
    assert ensure_warm(other, CORPUS, start, CONTEXT, tmp_path).folder != first.folder
    further = ensure_warm(quick, CORPUS, str(first.folder), CONTEXT, tmp_path)
    assert further.folder != first.folder


def test_the_malformed_share_is_learnt_from(start: str) -> None:
    template = ChatTemplate(load_tokenizer(Path(start)))

    def tokens(malformed: float, clean: float) -> list[int]:
        config = CONFIG.model_copy(update={"malformed": malformed, "clean_ratio": clean})
        rows = batches(config, 8, CORPUS, template, CONTEXT)
        return [sum(map(sum, (row[1] for row in batch))) for batch in rows]

    clean, noisy, half = tokens(0.0, 0.0), tokens(0.9, 0.0), tokens(0.9, 0.5)
    assert sum(noisy) > 1.4 * sum(clean)
    assert sum(half[4:]) > 1.3 * sum(half[:4])


def test_loss_is_that_of_all_tokens_which_a_model_wrote(start: str) -> None:
    template = ChatTemplate(load_tokenizer(Path(start)))
    model = AutoModelForCausalLM.from_pretrained(start, use_safetensors=True, dtype=torch.float32)
    rows: list[Row] = next(batches(CONFIG, 8, CORPUS, template, CONTEXT))
    total, count = 0.0, 0
    for ids, written in rows:  # row by row, without padding
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
        for at, own in enumerate(written):
            if own:
                total, count = total - logits[at - 1, ids[at]].item(), count + 1
    assert batch_loss(model, rows, template.pad_id).item() == pytest.approx(total / count, rel=1e-5)


def test_conversations_that_never_fit_are_refused(start: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"1000 conversations of the corpus .* are longer than 20 tokens"):
        ensure_warm(CONFIG, CORPUS, start, 20, tmp_path)
    assert not list(tmp_path.glob("warm-*"))


def test_rows_beyond_the_context_are_left_out(start: str) -> None:
    template = ChatTemplate(load_tokenizer(Path(start)))
    lengths = [len(row[0]) for batch in batches(CONFIG, 8, CORPUS, template, CONTEXT) for row in batch]
    middle = sorted(lengths)[len(lengths) // 2]
    fit = [len(row[0]) for batch in itertools.islice(batches(CONFIG, 8, CORPUS, template, middle), 8) for row in batch]
    assert max(lengths) > middle >= max(fit)
    assert len(fit) == len(lengths)


def test_its_settings_are_checked() -> None:
    assert parse(WarmConfig, {"families": ["a", "b"]}, "recipe").families == ("a", "b")
    with pytest.raises(RequestError, match="conversations = 0"):
        parse(WarmConfig, {"conversations": 0}, "recipe")
