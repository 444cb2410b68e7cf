"""A GGUF file as a Hugging Face folder: weights in float32 as safetensors, configuration, tokenizer, chat template.

The folder's name is a hash of the file and of this code. It appears whole or not at all.
"""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import transformers

from cluster.engine.gguf_file import GgufFile, gguf_path, read_gguf, refuse_unread
from cluster.errors import ChainprefError, RequestError, first_line
from cluster.store.atomic import atomic_folder
from cluster.store.digests import check_sums, known_digest, write_sums
from rollout.records import content_hash
from rollout.toolboxes.source import hash_of_files
from training import gguf_tokenizer

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig


def ensure_converted(source: str, report: object = None, *, root: Path) -> Path:
    """The folder of the model that `source` names, under `root`; it is made where there is none yet.

    `report` takes the progress of other models, and is not called: this is one step.

    Raises RequestError for a file that cannot be taken, CorruptionError for a folder that is not what was written.
    """
    path = gguf_path(source)
    code = hash_of_files(__file__, gguf_tokenizer.__file__)
    directory = root / f"gguf-{content_hash(known_digest(path), code, transformers.__version__)}"
    if not directory.is_dir():
        convert(path, directory)
    check_sums(directory, f"remove {directory} and run again")
    return directory


def refuse_gguf(source: str) -> None:
    """Raise RequestError for a file that cannot be taken, from its header alone."""
    file = read_gguf(gguf_path(source))
    gguf_tokenizer.refuse_tokenizer(file)
    refuse_unread(file)
    with tempfile.TemporaryDirectory() as folder:
        _configuration(file, _alone(file.path, Path(folder)))


def convert(path: Path, directory: Path) -> None:
    """Write the model of a GGUF file into `directory`, which must not exist. Memory: the weights in float32 twice.

    Raises RequestError for a file that transformers cannot load, or of which it would leave something out.
    """
    import torch
    from transformers import AutoModelForCausalLM

    refuse_gguf(f"gguf:{path}")
    file = read_gguf(path)
    with atomic_folder(directory) as target, tempfile.TemporaryDirectory() as temporary:
        folder = _alone(path, Path(temporary))
        config = _configuration(file, folder)
        try:
            gguf_tokenizer.save_tokenizer(file, folder, target)
            loaded, report = AutoModelForCausalLM.from_pretrained(
                str(folder),
                gguf_file="model.gguf",
                dtype=torch.float32,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
        except ChainprefError:
            raise
        except Exception as error:  # tokenizers raises Exception itself, and the rest is as many kinds as faults
            raise RequestError(
                f"model {path}: transformers cannot load it: {type(error).__name__}: {first_line(error)}"
            ) from error
        if missing := sorted({*report["missing_keys"], *(str(key) for key in report["mismatched_keys"])}):
            raise RequestError(f"model {path}: the file lacks {missing[0]} and {len(missing) - 1} more weights")
        # transformers does not save a model that it took from GGUF. The same class with the same weights is plain.
        with torch.device("meta"):
            plain = type(loaded)(config)
        weights = loaded.state_dict()
        _refuse_weights(path, weights, plain.state_dict())
        plain.load_state_dict(weights, assign=True)
        plain.tie_weights()
        taken = sum(parameter.numel() for parameter in plain.parameters())
        if taken != file.parameters:
            raise RequestError(
                f"model {path}: holds {file.parameters:,} numbers, and {type(plain).__name__} takes {taken:,}: "
                "something of the model would be left out; use its Hugging Face folder"
            )
        if config.vocab_size < len(file.of_tokenizer("tokens")):
            raise RequestError(f"model {path}: its tokenizer has more tokens than the {config.vocab_size} of its model")
        plain.generation_config = loaded.generation_config
        plain.save_pretrained(target)
        write_sums(target)


def _refuse_weights(path: Path, weights: Mapping[str, "torch.Tensor"], wanted: Mapping[str, "torch.Tensor"]) -> None:
    """Raise RequestError for other weights than the wanted ones or of another shape, which transformers takes from a
    GGUF file, and for values that are no numbers, with which all that a model computes is none."""
    if differing := sorted(wanted.keys() ^ weights.keys()):
        raise RequestError(f"model {path}: the file and its configuration differ in {differing[0]}; use another file")
    for name, tensor in weights.items():
        if tensor.shape != wanted[name].shape:
            raise RequestError(
                f"model {path}: {name} has the shape {tuple(tensor.shape)}, and its configuration says "
                f"{tuple(wanted[name].shape)}: the file is damaged; fetch it again, or use its Hugging Face folder"
            )
        if not tensor.isfinite().all():
            raise RequestError(
                f"model {path}: {name} holds values that are no numbers (NaN or infinite): the file is damaged; fetch "
                "it again, or use its Hugging Face folder"
            )


def _alone(path: Path, folder: Path) -> Path:
    """`folder` with the file in it as `model.gguf`, so that nothing that lies beside the file is taken."""
    try:
        (folder / "model.gguf").symlink_to(path)
    except OSError:  # a file system without links
        shutil.copyfile(path, folder / "model.gguf")
    return folder


def _configuration(file: GgufFile, folder: Path) -> "PretrainedConfig":
    """The configuration of a causal model. Raises RequestError for an architecture that transformers does not take."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig

    try:
        config: Any = AutoConfig.from_pretrained(str(folder), gguf_file="model.gguf", trust_remote_code=False)
    except Exception as error:  # configurations of some architectures raise kinds of their own
        raise RequestError(
            f"model {file.path}: architecture {file.architecture!r}: transformers does not take it from GGUF "
            f"({first_line(error)}); use its Hugging Face folder"
        ) from error
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        raise RequestError(
            f"model {file.path}: architecture {file.architecture!r} does not write text from left to right; use a "
            "causal model"
        )
    config.dtype = "float32"
    config.quantization_config = None
    del config.quantization_config
    return config
