"""The shape of a model in a GGUF file, from its header."""

from pathlib import Path

from cluster.engine.gguf_file import read_gguf, refuse_unread
from cluster.errors import RequestError
from pipeline.estimates.shapes import FAMILIES, ModelShape, shape_of_table

_KEYS = {
    "hidden_size": "embedding_length",
    "num_hidden_layers": "block_count",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "intermediate_size": "feed_forward_length",
    "vocab_size": "vocab_size",
    "max_position_embeddings": "context_length",
}
"""Key of a config.json -> that of a GGUF file's architecture."""


def gguf_shape(path: Path, name: str) -> ModelShape:
    """The shape that the file's header says. Raises RequestError for a file that is broken, of a family that is not
    counted here, whose tensors hold more or less than the shape comes to, or whose tokenizer a run would refuse."""
    from training.gguf_tokenizer import refuse_tokenizer

    file = read_gguf(path)
    refuse_tokenizer(file)
    if file.architecture not in FAMILIES:
        raise RequestError(
            f"model {name}: architecture {file.architecture!r} is not counted here ({', '.join(FAMILIES)} are); where "
            "it is a dense decoder with a gated MLP, give its numbers as models.teacher.shape or models.student.shape"
        )
    refuse_unread(file)
    table = {key: value for key, there in _KEYS.items() if (value := file.of_architecture(there)) is not None}
    table.setdefault("vocab_size", len(file.of_tokenizer("tokens") or ()))
    table["head_dim"] = file.of_architecture("attention.key_length") or file.of_architecture("rope.dimension_count")
    table["tie_word_embeddings"] = "output.weight" not in file.tensors
    shape = shape_of_table(table, file.architecture, name, f"header of {path.name}")
    if shape.parameters != file.parameters:
        raise RequestError(
            f"model {name}: its header comes to {shape.parameters:,} parameters, and its tensors hold "
            f"{file.parameters:,}; it is no plain {file.architecture}: use its Hugging Face folder"
        )
    return shape
