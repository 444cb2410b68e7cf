"""Hand-made preference groups and a model small enough for a test."""

from pathlib import Path

from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from rollout.data.shards import encode_rows
from rollout.records import Chain, ErrorCode, Outcome, PairRule, PreferenceGroup, Provenance

VOCABULARY = 64
GENERATION = "g" * 8


def chain(tokens: list[int], steps: list[int], label: Outcome = Outcome.RIGHT, **changes: object) -> Chain:
    fields: dict[str, object] = {"failed_steps": (), "error": None, "multiplicity": 1, "episodes": (0,)}
    if label is not Outcome.RIGHT:
        fields["error"] = ErrorCode.ANSWER_WRONG
    fields |= {"token_ids": tuple(tokens), "step": tuple(steps), "label": label} | changes
    return Chain(**fields)  # type: ignore[arg-type]


def group(problem: str, chains: list[Chain], prompt: tuple[int, ...] = (3, 10, 11, 1, 4)) -> PreferenceGroup:
    return PreferenceGroup(
        problem_id=problem,
        family="arithmetic",
        student="tiny",
        prompt_text="a prompt",
        prompt_ids=prompt,
        chains=tuple(chains),
        rule=PairRule(),
        provenance=Provenance(
            generation=GENERATION,
            parent="",
            toolbox_hash="t",
            format_hash="f",
            template_hash="c",
            tokenizer_hash="k",
            prompt_hash="p",
        ),
    )


def sample_groups(count: int = 12) -> list[PreferenceGroup]:
    """Groups of two right chains (one with a failed step) and two wrong ones, of different lengths."""
    groups = []
    for index in range(count):
        base = 12 + index % 20
        clean = chain([base, base + 1, 1, 5, 30, 1, 4, base + 2, 1], [0, 0, 0, -1, -1, -1, -1, 1, 1])
        mended = chain(
            [40, 41, 1, 5, 31, 32, 1, 4, base, base + 2, 1],
            [0, 0, 0, -1, -1, -1, -1, -1, 1, 1, 1],
            failed_steps=(0,),
        )
        wrong = chain([base, base + 3, 1], [0, 0, 0], Outcome.WRONG)
        failed = chain([42, 43, 44, 1], [0] * 4, Outcome.WRONG, failed_steps=(0,), error=ErrorCode.BAD_SYNTAX)
        prompt = (3, *[10 + (index + k) % 7 for k in range(1 + index % 4)], 1, 4)
        groups.append(group(f"arithmetic-train-{index:03d}", [clean, mended, wrong, failed], prompt))
    return groups


def publish_groups(run: Path, groups: list[PreferenceGroup], prefix: str = "groups/tiny") -> None:
    encoded = encode_rows(PreferenceGroup, groups)
    assert not encoded.rejected
    Ledger(open_store(str(run)), prefix).publish("all", encoded.payload, encoded.rows)


def cut_stream(path: Path) -> None:
    """Leave the first message of rows of an Arrow stream, as a disk that lost the rest: it opens without an error."""
    import pyarrow as pa

    with pa.ipc.open_stream(path.read_bytes()) as reader:
        first, columns = reader.read_next_batch(), reader.schema
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, columns) as stream:
        stream.write_batch(first)


def save_model(directory: Path, hidden: int = 16, positions: int = 128) -> Path:
    """A small Llama with a tokenizer that knows nothing of text but its control tokens and bytes. vLLM serves it from a
    `hidden` of 64 on."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from training.tiny.model import make_tokenizer

    torch.manual_seed(0)
    make_tokenizer(["a"], directory, vocabulary=262)
    shape = LlamaConfig(
        vocab_size=264,
        hidden_size=hidden,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        intermediate_size=2 * hidden,
        max_position_embeddings=positions,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=1,
        pad_token_id=0,
    )
    LlamaForCausalLM(shape).save_pretrained(directory)
    return directory
