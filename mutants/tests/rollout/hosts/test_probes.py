"""What a probe asks: conversations of the run's own kind, the same for every model with one tokenizer."""

from pathlib import Path

from cluster.engine.probe import DECODED_TOKENS, Probe, ProbeReading
from cluster.store.storage import open_store
from rollout.config import EpisodeConfig
from rollout.formats import load_format
from rollout.hosts.probes import PROBE_TOKENS, make_probe_text, probe_path, read_probes
from rollout.problems import FamilyConfig, generate
from tests.rollout.conversations import ADDITION, chat_template

PROBLEMS = generate(FamilyConfig(family="arithmetic", train=8, difficulty=(1, 2)), "train")
FORMAT = load_format("json")


def test_the_text_holds_several_turns_of_the_runs_own_problems() -> None:
    text = make_probe_text(PROBLEMS, chat_template(), FORMAT, EpisodeConfig(verbosity="names"), 4096)
    assert len(text.token_ids) == PROBE_TOKENS
    assert len(text.positions) >= 2
    shown = bytes(chat_template().decode_reply(text.token_ids), "utf-8").decode()
    assert PROBLEMS[0].text in shown
    assert shown.count("<|assistant|>") >= 2 or '{"name"' in shown


def test_the_text_is_the_same_again_and_another_for_another_tokenizer() -> None:
    first, again = (make_probe_text(PROBLEMS, chat_template(), FORMAT, EpisodeConfig(), 4096) for _ in range(2))
    assert first == again
    assert make_probe_text(PROBLEMS, chat_template(first=7), FORMAT, EpisodeConfig(), 4096) != first


def test_the_text_fits_a_small_context_and_problems_without_a_known_chain() -> None:
    text = make_probe_text([ADDITION], chat_template(), FORMAT, EpisodeConfig(verbosity="names"), 200)
    assert len(text.token_ids) <= 200 - DECODED_TOKENS
    assert all(0 < position < len(text.token_ids) for position in text.positions)


def test_probes_are_kept_by_revision_and_text(tmp_path: Path) -> None:
    text = make_probe_text(PROBLEMS, chat_template(), FORMAT, EpisodeConfig(), 4096)
    reading = ProbeReading(prefill=(-1.0,), decoded=((-1.0,),))
    store = open_store(str(tmp_path))
    assert read_probes(store) == {}
    path = probe_path("dpo", "abc", text)
    assert path != probe_path("dpo", "abd", text)
    import msgspec

    probe = Probe(model="dpo", revision="abc", text=text, reading=reading)
    store.create(path, msgspec.json.encode(probe))
    assert read_probes(store) == {path: probe}
