"""Four ways to the same DPO gradient: TRL, pairs one by one, every chain once (factored), every token once (tree).

A step is forward and backward over all pairs of one problem.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from benchmarks.steps.turns import Setup, Way, fastest
from training.chains import ScoredChain, ScoredGroup
from training.fused_kernels import use_fused_kernels
from training.tree.batches import PreferenceExample

WAYS = ("trl", "pairs", "factored", "tree")
MODELS = {
    "tiny": {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "heads": 2, "vocab_size": 512},
    "15m": {"hidden_size": 384, "intermediate_size": 512, "num_hidden_layers": 8, "heads": 6, "vocab_size": 8192},
    "50m": {"hidden_size": 640, "intermediate_size": 1728, "num_hidden_layers": 9, "heads": 10, "vocab_size": 4096},
    "1.5b": {
        "hidden_size": 1536,
        "intermediate_size": 8960,
        "num_hidden_layers": 28,
        "heads": 12,
        "num_key_value_heads": 2,
        "vocab_size": 151936,
        "tie_word_embeddings": True,
    },
    "8b": {
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128256,
    },
    "1b": {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "heads": 32, "vocab_size": 32768},
}
"""Llamas with random weights. `15m` is the 15.7 M one of the published rows, `1.5b` and `8b` have the
shapes of Qwen2.5-1.5B and Llama-3-8B."""
BETA = 0.1


@dataclass(frozen=True)
class Row:
    """One configuration: n right and m wrong chains, prompt and completion lengths in tokens."""

    right: int
    wrong: int
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, kw_only=True)
class DpoSetup(Setup):
    """What a way needs. `tokens_per_micro_step`: most tokens of a row (tree) or of a graph (factored)."""

    row: Row
    model: str
    tokens_per_micro_step: int

    def build(self) -> Way:
        """The way with its model and pairs."""
        model = make_model(self.model, self.device)
        example = make_example(self.row, model.config.vocab_size)
        return Way(model, *_WAYS[self.way](model, example, self))


def make_model(size: str, device: str, seed: int = 0) -> Any:
    """The same weights in every process; float32 on the CPU, bfloat16 on CUDA."""
    from transformers import LlamaConfig, LlamaForCausalLM

    shape: dict[str, Any] = dict(MODELS[size])
    heads = shape.pop("heads")
    options = {"num_key_value_heads": heads, "max_position_embeddings": 32768, "pad_token_id": 0} | shape
    torch.manual_seed(seed)
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16 if device == "cuda" else torch.float32)
    with torch.device(device):
        model: Any = LlamaForCausalLM(LlamaConfig(num_attention_heads=heads, **options))
    torch.set_default_dtype(usual)
    if device != "cuda":
        return model
    if find_spec("liger_kernel") is not None:  # for all ways: TRL's users can switch it on, too
        use_fused_kernels(model)
    return model


def make_example(row: Row, vocabulary: int) -> PreferenceExample:
    """Random multi-turn chains of equal length: three turns, two thirds of each written by the model. One chain in
    eight repeats another's first turn. The reference sums are made up; to use them costs nothing."""
    draw = Random(7)
    prompt = [draw.randrange(1, vocabulary) for _ in range(row.prompt_tokens)]
    third = row.completion_tokens // 3
    firsts: list[list[int]] = []
    chains: dict[ScoredChain, None] = {}
    while len(chains) < row.right + row.wrong:
        completion = [draw.randrange(1, vocabulary) for _ in range(row.completion_tokens)]
        if len(chains) % 8 == 7:
            completion[:third] = draw.choice(firsts)
        firsts.append(completion[:third])
        marks = [index % third < 2 * third // 3 or index >= 3 * third for index in range(row.completion_tokens)]
        chains[ScoredChain((*prompt, *completion), (False,) * len(prompt) + tuple(marks))] = None
    kept = tuple(chains)
    group = ScoredGroup("p", kept[: row.right], kept[row.right :], tuple((1.0,) * row.wrong for _ in range(row.right)))
    sums = [-chain.length * 9.0 + draw.uniform(-2, 2) for chain in kept]
    return PreferenceExample(group, tuple(sums[: row.right]), tuple(sums[row.right :]))


def _tree(model: Any, example: PreferenceExample, setup: DpoSetup) -> tuple[Callable[[], object], int, str]:
    from training.trainers.dpo import TreeDPOConfig, TreeDPOTrainer
    from training.tree.layout import tree_size

    args = TreeDPOConfig(
        output_dir=setup.folder,
        use_cpu=setup.device == "cpu",
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        beta=BETA,
        tokens_per_micro_step=setup.tokens_per_micro_step,
        groups_per_step=1,
    )
    trainer = TreeDPOTrainer(model, args, [example])
    rows = trainer.train_dataset[0]["step"].split_rows or 1
    # Planning and packing count: on a GPU they take place in a process of their own, but not in this benchmark.
    step = lambda: trainer.training_step(model, trainer.train_dataset[0])  # noqa: E731
    return step, tree_size(example.group.chains), f"rows={rows}"


def _pairs(model: Any, example: PreferenceExample, setup: DpoSetup) -> tuple[Callable[[], object], int, str]:
    group = example.group

    def step() -> None:
        for right, chosen in zip(group.right, example.reference_right, strict=True):
            for wrong, rejected in zip(group.wrong, example.reference_wrong, strict=True):
                margin = _row_sum(model, right) - chosen - _row_sum(model, wrong) + rejected
                loss = -logsigmoid(BETA * margin) / group.pairs
                loss.backward()  # type: ignore[no-untyped-call]

    return step, 2 * int(group.pairs) * len(group.right[0].ids), ""


def _factored(model: Any, example: PreferenceExample, setup: DpoSetup) -> tuple[Callable[[], object], int, str]:
    group = example.group
    n, length = len(group.right), len(group.right[0].ids)
    sums = example.reference_right + example.reference_wrong
    references = torch.tensor(sums, dtype=torch.float64, device=setup.device)
    one_graph = len(group.chains) * length <= 2 * setup.tokens_per_micro_step

    def loss_of(sums: Tensor) -> Tensor:
        ratios = sums - references
        return -logsigmoid(BETA * (ratios[:n, None] - ratios[None, n:])).mean()

    def step() -> None:
        if one_graph:
            loss_of(torch.stack([_row_sum(model, chain) for chain in group.chains])).backward()  # type: ignore[no-untyped-call]
            return
        with torch.no_grad():
            sums = torch.stack([_row_sum(model, chain) for chain in group.chains])
        (weights,) = torch.autograd.grad(loss_of(sums.requires_grad_()), sums)
        for chain, weight in zip(group.chains, weights, strict=True):
            (weight * _row_sum(model, chain)).backward()

    return step, len(group.chains) * length, "one graph" if one_graph else "two phases"


def _trl(model: Any, example: PreferenceExample, setup: DpoSetup) -> tuple[Callable[[], object], int, str]:
    from benchmarks.trl_baseline import pair_rows, trl_trainer

    rows = pair_rows(example)

    def feed(batch: int, count: int) -> Callable[[], None]:
        trainer = trl_trainer(
            model, rows[:count], Path(setup.folder), batch, beta=BETA, bf16=setup.device == "cuda", seed=0
        )
        batches = list(trainer.get_train_dataloader())
        trainer.current_gradient_accumulation_steps = len(batches)

        def step() -> None:
            for each in batches:
                trainer.training_step(model, each)

        return step

    # Tune the micro-batch: the one that is fastest on the same pairs, after a step to warm up.
    feed(1, 1)()
    sizes = [size for size in (1, 2, 4, 8) if len(rows) % size == 0]
    best = fastest(lambda size: feed(size, sizes[-1]), sizes, model, setup.device)
    return feed(best, len(rows)), 2 * len(rows) * len(example.group.right[0].ids), f"micro-batch={best}"


_WAYS: dict[str, Callable[[Any, PreferenceExample, DpoSetup], tuple[Callable[[], object], int, str]]] = {
    "trl": _trl,
    "pairs": _pairs,
    "factored": _factored,
    "tree": _tree,
}


def _row_sum(model: Any, chain: ScoredChain) -> Tensor:
    return chain_logps(model, chain).double().sum()


def chain_logps(model: Any, chain: ScoredChain) -> Tensor:
    """[length] log-probabilities of the chain's scored tokens, in nats, from a row of its own, with the model's own
    attention and the head on scored positions only."""
    device = next(model.parameters()).device
    ids = torch.tensor(chain.ids, device=device)
    at = torch.tensor(chain.scored[1:], device=device).nonzero()[:, 0]
    hidden = model.model(input_ids=ids[None, :-1], use_cache=False).last_hidden_state[0, at]
    logps: Tensor = model.lm_head(hidden).float().log_softmax(-1)
    return logps.gather(1, ids[at + 1, None])[:, 0]
