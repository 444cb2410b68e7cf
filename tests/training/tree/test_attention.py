"""Tree attention on random tries: every family's sums and gradients are those of chains in rows of their own."""

import contextlib
import random
import warnings
from types import MethodType, SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import Gemma2Config, Gemma2ForCausalLM, GptOssConfig, GptOssForCausalLM, MambaConfig, MambaForCausalLM

from cluster.errors import RequestError
from tests.training.tree import trees
from tests.training.tree.trees import (
    FAMILIES,
    gradients,
    longrope_model,
    plain_sum,
    random_chains,
    relative,
    tiny_model,
    total,
)
from training.chains import ScoredChain
from training.tree import attention, scoring
from training.tree.attention import AttentionLayout, check_length, check_model, tree_attention, use_tree_attention
from training.tree.layout import pack, row_length
from training.tree.scoring import add_tree_scoring, packed_row, tree_batch

CPU = torch.device("cpu")
WAYS = ("segments", "cascade")


def in_float64(model: Any) -> Any:
    """The model in float64, its norms too: transformers' own cast to float32, which hides errors below 1e-7."""

    def norm(self: Any, hidden: Tensor) -> Tensor:
        return self.weight * hidden * torch.rsqrt(hidden.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)

    for module in model.modules():
        if hasattr(module, "variance_epsilon"):
            module.forward = MethodType(norm, module)
    return model.double()


def both(plain: Any, tree: Any, chains: list[ScoredChain], weights: list[float]) -> tuple[float, float]:
    """Relative errors of the sums and of the gradient of their weighted total."""
    expected = torch.stack([plain_sum(plain, chain) for chain in chains])
    found = tree(tree_batch=tree_batch(chains, CPU))
    for model, sums in ((plain, expected), (tree, found)):
        model.zero_grad()
        (sums * sums.new_tensor(weights)).sum().backward()
    return relative(found.detach(), expected.detach()), relative(gradients(tree), gradients(plain))


@pytest.mark.parametrize("family", FAMILIES)
def test_random_tries(family: str) -> None:
    """60 tries a family; Mistral's and Phi-3's windows are shorter than most chains."""
    double = in_float64(tiny_model(family)), in_float64(tiny_model(family))
    single = tiny_model(family), tiny_model(family)
    add_tree_scoring(double[1])
    add_tree_scoring(single[1])

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(st.integers(0, 10**6), st.integers(1, 6))
    def check(seed: int, count: int) -> None:
        draw = random.Random(seed)
        chains = random_chains(draw, count)
        weights = [draw.uniform(0.5, 1.5) for _ in chains]
        assert max(both(*double, chains, weights)) < 1e-9
        assert max(both(*single, chains, weights)) < 1e-5

    check()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_few_tries(family: str) -> None:
    """The same on three tries, which takes a second: `make mutants` runs this one alone."""
    plain, tree = in_float64(tiny_model(family)), in_float64(tiny_model(family))
    add_tree_scoring(tree)
    for seed in range(3):
        chains = random_chains(random.Random(seed), 5)
        assert max(both(plain, tree, chains, [1.0, 0.5, 2.0, 1.5, 0.75])) < 1e-9


@pytest.mark.parametrize("window", [1, 2, 3, 8, 1000])
def test_windows_of_any_length(window: int) -> None:
    chains = random_chains(random.Random(window), 6)
    plain, tree = (in_float64(tiny_model("mistral", sliding_window=window)) for _ in range(2))
    add_tree_scoring(tree)
    assert max(both(plain, tree, chains, [1.0] * 6)) < 1e-9


def test_the_window_counts() -> None:
    """A tree without the window gives other numbers: the test above can fail."""
    chains = random_chains(random.Random(2), 4)
    sums = [total(plain_sum(tiny_model("mistral", sliding_window=w), c) for c in chains).item() for w in (2, 1000)]
    assert abs(sums[0] - sums[1]) > 1e-2


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("family", ["qwen3", "mistral"])
def test_the_block_mask_sees_what_the_segments_see(family: str) -> None:
    """`flex_attention` runs forward on the CPU, so that the CUDA path's mask is tested here too."""
    model = tiny_model(family)
    add_tree_scoring(model)
    for seed in range(3):
        chains = random_chains(random.Random(seed), 5)
        with torch.no_grad():
            found, expected = (model(tree_batch=packed_row(chains, 1, way)) for way in ("flex", "segments"))
        assert relative(found, expected) < 1e-6


def test_several_problems_share_a_row() -> None:
    draw = random.Random(4)
    chains = [chain for _ in range(3) for chain in random_chains(draw, 3)]
    plain, tree = (in_float64(tiny_model("llama")) for _ in range(2))
    add_tree_scoring(tree)
    assert max(both(plain, tree, chains, [1.0] * 9)) < 1e-9


def test_layers_of_two_kinds() -> None:
    kinds = {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 3, "use_sliding_window": True}
    plain, tree = (in_float64(tiny_model("qwen3", **kinds)) for _ in range(2))
    add_tree_scoring(tree)
    assert max(both(plain, tree, random_chains(random.Random(1), 5), [1.0] * 5)) < 1e-9


@pytest.mark.parametrize(
    "after_the_head", [{}, {"logits_scaling": 3.0}, {"logit_scale": 0.25}, {"final_logit_softcapping": 0.5}]
)
@pytest.mark.parametrize("large", [False, True])
def test_the_head_of_small_and_of_large_vocabularies(
    after_the_head: dict[str, float], large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRL's kernel in parts of 16 of 64 tokens, and what some families do to their logits."""
    if large:
        monkeypatch.setattr(scoring, "_PLAIN_VOCABULARY", 0)
        monkeypatch.setattr(scoring, "VOCABULARY_AT_ONCE", 16)
    chains = random_chains(random.Random(1), 5)
    plain, tree = (tiny_model("llama", tie_word_embeddings=True, **after_the_head) for _ in range(2))
    head = plain.lm_head.forward

    def scaled(hidden: Tensor) -> Tensor:
        logits = head(hidden) * after_the_head.get("logit_scale", 1) / after_the_head.get("logits_scaling", 1)
        cap = after_the_head.get("final_logit_softcapping")
        return logits if cap is None else torch.tanh(logits / cap) * cap

    plain.lm_head.forward = scaled
    add_tree_scoring(tree)
    assert max(both(plain, tree, chains, [1.0, 0.5, 2.0, 1.5, 0.75])) < 1e-5


def test_tokens_that_chains_share_are_predicted_once() -> None:
    chains = [ScoredChain((1, 2, 3, last), (False, True, True, True)) for last in (4, 5, 4)]
    batch = tree_batch(chains, CPU)
    assert batch.target.tolist() == [2, 3, 4, 5]
    assert batch.predicting.tolist() == [0, 1, 2, 2]
    assert sorted(zip(batch.entry_chain.tolist(), batch.target[batch.entry_prediction].tolist(), strict=True)) == [
        *((0, token) for token in (2, 3, 4)),
        *((1, token) for token in (2, 3, 5)),
        *((2, token) for token in (2, 3, 4)),
    ]


def test_an_exported_model_attends_as_ever(tmp_path: Any) -> None:
    from transformers import AutoModelForCausalLM

    model = tiny_model("llama")
    add_tree_scoring(model)
    model.save_pretrained(tmp_path)
    assert "tree" not in (tmp_path / "config.json").read_text()
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert loaded(input_ids=torch.tensor([[5, 6, 7]])).logits.shape == (1, 3, trees.VOCABULARY)


def test_a_call_without_a_tree_is_refused() -> None:
    model = tiny_model("llama")
    use_tree_attention(model)
    with pytest.raises(RequestError, match="call it with tree="):
        model(input_ids=torch.tensor([[5, 6, 7]]))


def test_recurrent_layers_are_refused_by_name() -> None:
    model = MambaForCausalLM(MambaConfig(vocab_size=8, hidden_size=8, num_hidden_layers=1, state_size=2))
    with pytest.raises(
        RequestError, match="MambaForCausalLM cannot be trained by trees: it has layers of type linear_att"
    ):
        check_model(model)


def test_attention_sinks_are_refused_by_name() -> None:
    config = GptOssConfig(
        vocab_size=8,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=4,
        num_local_experts=2,
        num_experts_per_tok=1,
        pad_token_id=0,
    )
    with pytest.raises(RequestError, match="GptOssForCausalLM cannot be trained by trees: it has attention sinks"):
        check_model(GptOssForCausalLM(config))


def test_longrope_past_its_switch_is_refused() -> None:
    model = longrope_model()
    check_length(model, 16)
    with pytest.raises(RequestError, match="a chain of 17 tokens is past the switch of its longrope"):
        check_length(model, 17)


@pytest.mark.parametrize(("cap", "refused"), [(None, False), (50.0, True)])
def test_capped_attention_logits_are_refused_by_name(cap: float | None, refused: bool) -> None:
    config = Gemma2Config(
        vocab_size=8,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=4,
        pad_token_id=0,
        attn_logit_softcapping=cap,
    )
    with (
        contextlib.nullcontext()
        if not refused
        else pytest.raises(RequestError, match="Gemma2ForCausalLM cannot be trained by trees: it caps attention logits")
    ):
        check_model(Gemma2ForCausalLM(config))


@pytest.mark.parametrize("dropout", [{"attention_dropout": 0.5}, {"resid_pdrop": 0.5}])
def test_dropout_is_switched_off(dropout: dict[str, float]) -> None:
    """In the attention and in modules of their own, as Phi-3 has them after its attention."""
    model = tiny_model("phi3", **dropout)
    add_tree_scoring(model)
    model.train()
    batch = tree_batch(random_chains(random.Random(0), 3), CPU)
    assert torch.equal(model(tree_batch=batch), model(tree_batch=batch))


@pytest.mark.parametrize("backend", ["cascade", "segments", "flex"])
def test_every_backend_attends_alike(backend: str) -> None:
    """Outputs of one call, grouped heads, against attention over each token's own path, token by token."""
    chains = random_chains(random.Random(7), 5)
    layout = pack(chains)
    for window in (None, 3):
        tree = AttentionLayout(layout, CPU, backend)
        torch.manual_seed(0)
        query, key, value = (torch.randn(1, heads, layout.tokens, 8, dtype=torch.float64) for heads in (4, 2, 2))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # flex_attention runs uncompiled on the CPU
            found, weights = tree_attention(
                torch.nn.Identity(), query, key, value, None, scaling=0.3, sliding_window=window, tree=tree
            )
        assert weights is None
        assert found.shape == (1, layout.tokens, 4, 8)
        for position in range(layout.tokens):
            path = [k for k in range(position + 1) if position < layout.until[k]][-(window or layout.tokens) :]
            for head in range(4):
                scores = 0.3 * key[0, head // 2, path] @ query[0, head, position]
                expected = scores.softmax(0) @ value[0, head // 2, path]
                assert torch.allclose(found[0, position, head], expected, atol=1e-9)


def test_what_a_tree_cannot_attend_to_is_refused_in_words() -> None:
    layout = pack(random_chains(random.Random(7), 2))
    tree = AttentionLayout(layout, CPU)
    values = torch.zeros(1, 2, layout.tokens, 4)
    none = "this model attends by trees: call it with tree=, or set another attention implementation"
    with pytest.raises(RequestError) as caught:
        tree_attention(torch.nn.Identity(), values, values, values, None)
    assert str(caught.value) == none
    with pytest.raises(RequestError) as caught:
        tree_attention(torch.nn.Identity(), values, values, values, None, dropout=0.1, tree=tree)
    assert str(caught.value) == "attention dropout 0.1: shared tokens must be the same for all chains; set it to 0"
    for extra in ({"s_aux": values}, {"softcap": 5.0}, {"position_bias": values}):
        with pytest.raises(RequestError) as caught:
            tree_attention(torch.nn.Identity(), values, values, values, None, tree=tree, **extra)
        assert str(caught.value) == (
            "Identity cannot be trained by trees: its attention has sinks, a cap or a position bias; use a model with "
            "plain or sliding-window attention"
        )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"layer_types": ["full_attention", "chunked_attention", "a_kind"]},
            "it has layers of type a_kind, chunked_attention",
        ),
        ({"is_encoder_decoder": True}, "it is no causal decoder"),
        ({"is_causal": False}, "it is no causal decoder"),
        ({"attn_logit_softcapping": 30.0}, "it caps attention logits (attn_logit_softcapping)"),
        ({}, ""),
        ({"layer_types": ["full_attention", "sliding_attention"]}, ""),
    ],
)
def test_configurations_that_no_tree_can_follow_are_refused_in_words(changes: dict[str, Any], why: str) -> None:
    class Model(torch.nn.Module):
        _supports_attention_backend = True
        config = SimpleNamespace(**changes)

    if why:
        with pytest.raises(RequestError) as caught:
            check_model(Model())
        assert str(caught.value) == (
            f"Model cannot be trained by trees: {why}; use a model with plain or sliding-window attention"
        )
    else:
        check_model(Model())


@pytest.mark.parametrize(
    ("attribute", "value", "why"),
    [
        ("_is_stateful", True, "its recurrent layers carry state along the row"),
        (
            "_supports_attention_backend",
            False,
            "its attention cannot be replaced (no transformers attention interface)",
        ),
        *(
            (
                name,
                torch.nn.Parameter(torch.zeros(1)),
                "it has attention sinks, which a path's attention does not normalise",
            )
            for name in ("sinks", "attention_sink")
        ),
    ],
)
def test_models_that_no_tree_can_follow_are_refused_in_words(attribute: str, value: Any, why: str) -> None:
    class Model(torch.nn.Module):
        _supports_attention_backend = True
        config = SimpleNamespace()

    model = Model()
    check_model(model)
    setattr(model, attribute, value)
    with pytest.raises(RequestError) as caught:
        check_model(model)
    assert str(caught.value).startswith(f"Model cannot be trained by trees: {why}; ")


@pytest.mark.parametrize(
    ("ropes", "switch"),
    [
        (None, None),
        ({"rope_type": "default"}, None),
        ({"rope_type": "dynamic"}, 64),
        ({"rope_type": "longrope"}, 64),
        ({"rope_type": "longrope", "original_max_position_embeddings": 16}, 16),
        ({"rope_type": "dynamic", "original_max_position_embeddings": 16}, 64),
        ({"full_attention": {"rope_type": "default"}, "sliding_attention": {"rope_type": "dynamic"}}, 64),
    ],
)
def test_the_switch_of_a_rotary_embedding_bounds_chains(ropes: dict[str, Any] | None, switch: int | None) -> None:
    model = SimpleNamespace(config=SimpleNamespace(rope_parameters=ropes, max_position_embeddings=64))
    check_length(model, switch or 1000)
    if switch:
        kind = "longrope" if ropes and ropes.get("rope_type") == "longrope" else "dynamic"
        with pytest.raises(RequestError) as caught:
            check_length(model, switch + 1)
        assert str(caught.value) == (
            f"SimpleNamespace: a chain of {switch + 1} tokens is past the switch of its {kind} rotary embedding at "
            f"{switch}, which would change the other chains of its row; keep chains to {switch}"
        )
    if ropes and switch == 64 and "original_max_position_embeddings" not in ropes:
        model.config.original_max_position_embeddings = 32
        with pytest.raises(RequestError, match="embedding at 32"):
            check_length(model, 33)


def test_a_model_that_says_nothing_of_its_attention_is_refused() -> None:
    model = SimpleNamespace(config=SimpleNamespace(), named_parameters=list)
    with pytest.raises(RequestError, match="SimpleNamespace cannot be trained by trees: its attention cannot be repla"):
        check_model(model)


def test_rows_go_by_cascade_on_the_cpu_and_by_flex_elsewhere() -> None:
    chains = random_chains(random.Random(7), 5)
    layout = pack(chains)
    on_cpu, elsewhere = AttentionLayout(layout, CPU), AttentionLayout(layout, torch.device("meta"))
    assert (on_cpu.backend, elsewhere.backend) == ("cascade", "flex")
    assert AttentionLayout(layout, CPU, "segments").backend == "segments"
    assert on_cpu.longest == max(map(row_length, chains))


@pytest.mark.parametrize(
    ("short_of_longest", "width", "by_segments"), [(None, 8, False), (0, 8, False), (1, 8, True), (None, 4, True)]
)
def test_segments_are_for_windows_that_bind_and_for_values_of_another_width(
    short_of_longest: int | None, width: int, by_segments: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cascade attends to each block of keys once; segments gather their whole paths."""
    asked: list[int | None] = []
    segments = attention._by_segments

    def counted(*given: Any) -> Tensor:
        asked.append(given[-1])
        return segments(*given)

    monkeypatch.setattr(attention, "_by_segments", counted)
    tree = AttentionLayout(pack(random_chains(random.Random(7), 5)), CPU)
    window = None if short_of_longest is None else tree.longest - short_of_longest
    query, key, value = (torch.randn(1, 2, tree.layout.tokens, each) for each in (8, 8, width))
    found, _ = tree_attention(torch.nn.Identity(), query, key, value, None, sliding_window=window, tree=tree)
    assert found.shape == (1, tree.layout.tokens, 2, width)
    assert asked == ([window] if by_segments else [])


def test_a_row_may_have_as_many_tokens_as_key_heads() -> None:
    tree, other = (AttentionLayout(pack([ScoredChain((5, 6, 7), (False, False, True))]), CPU, name) for name in WAYS)
    query, key, value = (torch.randn(1, heads, 2, 8) for heads in (4, 2, 2))
    one, two = (tree_attention(torch.nn.Identity(), query, key, value, None, tree=way)[0] for way in (tree, other))
    assert torch.allclose(one, two, atol=1e-6)
