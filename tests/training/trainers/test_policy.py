"""GRPO on the tree: the gradient of every episode by itself, and what it logs."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerControl, TrainerState

from cluster.errors import RequestError, WorkError
from tests.training.tree.sampled import batch_advantages
from tests.training.tree.test_attention import in_float64
from tests.training.tree.trees import gradients, random_chains, relative, tiny_model, trainer_arguments
from training.chains import ScoredChain
from training.ranks.callbacks import MetricsLog
from training.ranks.metrics import read_metrics
from training.sampled import sampler_difference
from training.trainers.policy import PolicyExample, PolicySteps, TreePolicyConfig, TreePolicyTrainer
from training.tree.advantages import chain_advantages, reward_deviation, step_advantages
from training.tree.policy_loss import LOSS_TYPES, PolicyOptions


def config(path: Path, **options: Any) -> TreePolicyConfig:
    return TreePolicyConfig(**{**trainer_arguments(path), **options})


def plain_logps(model: Any, chain: ScoredChain) -> torch.Tensor:
    ids = torch.tensor([chain.ids])
    logps: torch.Tensor = model(input_ids=ids).logits.log_softmax(-1)[0, :-1].gather(1, ids[0, 1:, None])[:, 0]
    return logps[torch.tensor(chain.scored[1:])]


def random_examples(draw: random.Random, model: Any, groups: int) -> list[PolicyExample]:
    """Rewards of 0 and 1, multiplicities, and a sampler near the model, so that some ratios are clipped."""
    examples = []
    for at in range(groups):
        chains = tuple(dict.fromkeys(random_chains(draw, draw.randint(1, 5))))
        with torch.no_grad():
            known = [plain_logps(model, chain).tolist() for chain in chains]
        behaviour = tuple(tuple(logp + draw.gauss(0, 0.2) for logp in one) for one in known)
        rewards = tuple(float(draw.random() < 0.5) for _ in chains)
        times = tuple(draw.randint(1, 3) for _ in chains)
        examples.append(PolicyExample(f"p{at}", chains, times, rewards, behaviour))
    return examples


def episode_by_episode(
    model: Any, examples: list[PolicyExample], options: PolicyOptions, credit: str
) -> tuple[float, torch.Tensor]:
    """Every episode as a row of its own, in the words of the losses' sources."""
    model.zero_grad()
    groups = [(example.rewards, example.multiplicities) for example in examples]
    whole = batch_advantages(groups, options)
    episodes = sum(sum(times) for _, times in groups)
    tokens = sum(c.length * m for e in examples for c, m in zip(e.chains, e.multiplicities, strict=True))
    low, high = options.bounds
    loss = 0.0
    for example, advantages in zip(examples, whole, strict=True):
        by_step = None
        if credit == "steps":
            by_step = step_advantages(
                example.chains, example.multiplicities, example.rewards, options, reward_deviation(groups)
            )
        for at, chain in enumerate(example.chains):
            for _ in range(example.multiplicities[at]):
                logps = plain_logps(model, chain)
                of_tokens = by_step[at] if by_step else [advantages[at]] * chain.length
                own = torch.tensor(of_tokens, dtype=torch.float64)
                ratios = logps - torch.tensor(example.behaviour[at], dtype=torch.float64)
                if options.loss_type == "gspo":
                    ratios = ratios.mean().expand(chain.length)
                if options.loss_type == "rloo":
                    ratios = ratios.sum().expand(chain.length)
                ratio = ratios.exp()
                if options.loss_type == "cispo":
                    losses = -ratio.clamp(max=high).detach() * own * logps
                else:
                    losses = -torch.minimum(ratio * own, ratio.clamp(low, high) * own)
                if options.loss_type in ("dapo", "cispo", "lite_ppo"):
                    part = losses.sum() / tokens
                elif options.loss_type == "dr_grpo":
                    part = losses.sum() / (episodes * (options.max_completion_length or 0))
                else:
                    part = losses.mean() / episodes
                part.backward()
                loss += float(part.detach())
    return loss, gradients(model)


@pytest.mark.parametrize("loss_type", ["grpo", "dr_grpo", "dapo", "rloo", "gspo", "cispo", "lite_ppo"])
@pytest.mark.parametrize("credit", ["chain", "steps"])
def test_gradient_is_that_of_episodes_one_by_one(loss_type: Any, credit: Any, tmp_path: Path) -> None:
    """In float64, 208 ragged groups over all losses, with rows of several groups and groups of several rows."""
    options: dict[str, Any] = {"loss_type": loss_type}
    if loss_type == "dr_grpo":
        options["max_completion_length"] = 16
    if credit == "steps" and loss_type in ("gspo", "rloo"):
        with pytest.raises(RequestError, match=r"credit = 'steps': loss_type = '(gspo|rloo)' has one ratio a chain"):
            config(tmp_path, credit=credit, **options)
        return
    draw = random.Random(7)
    model, plain = in_float64(tiny_model("llama")), in_float64(tiny_model("llama"))
    trials = 0
    while trials < 5:
        examples = random_examples(draw, plain, 4)
        if all(example.equal for example in examples):
            continue
        trials += 1
        longest = max(len(chain.ids) for example in examples for chain in example.chains)
        args = config(
            tmp_path,
            groups_per_step=4,
            credit=credit,
            tokens_per_micro_step=(longest, longest + 20, 4096)[trials % 3],
            **options,
        )
        loss, expected = episode_by_episode(plain, examples, args.policy_options, credit)
        trainer = TreePolicyTrainer(model, args, examples)
        model.zero_grad()
        found = float(trainer.training_step(model, next(iter(trainer.get_train_dataloader()))))
        assert found == pytest.approx(loss, rel=1e-5, abs=1e-7)  # the trainer returns float32
        assert relative(gradients(model), expected) < 1e-9


@pytest.mark.parametrize(
    ("loss_type", "credit"),
    [
        *((kind, "chain") for kind in LOSS_TYPES),
        *((kind, "steps") for kind in LOSS_TYPES if kind not in ("gspo", "rloo")),
    ],
)
def test_chains_without_a_scored_token_are_in_means_and_in_no_loss(loss_type: Any, credit: Any) -> None:
    """Against the advantages of all eight episodes, and by hand: 2 right ones, 6 whose every token is a thought."""
    options = PolicyOptions(loss_type, max_completion_length=16 if loss_type == "dr_grpo" else None)
    right = ScoredChain((3, 4, 20, 21), (False, False, True, True))
    thought = ScoredChain((3, 4, 20, 22, 23), (False,) * 5)
    example = PolicyExample("p", (right,), (2, 6), (1.0, 0.0), ((-1.0, -2.0),), (thought,))
    steps = PolicySteps([example], policy=options, credit=credit, groups_per_step=1, tokens_per_micro_step=99, world=1)
    (values,) = steps.values(example, 0, [0])
    deviation = reward_deviation([((1.0, 0.0), (2, 6))])
    whole = chain_advantages((1.0, 0.0), (2, 6), options, deviation)[0]
    divisor = deviation if options.scaling != "none" else 7 / 8 if loss_type == "rloo" else 1.0
    assert whole == pytest.approx((1 - 2 / 8) / divisor)
    # Both chains begin with the same token, which is no better than the other's.
    assert values[1].tolist() == pytest.approx([0.0 if credit == "steps" else whole, whole])
    tokens = 2 / (2 * 2) if loss_type in ("dapo", "cispo", "lite_ppo") else 2 / (8 * 2)
    assert values[2].tolist() == pytest.approx([2 / (8 * 16) if loss_type == "dr_grpo" else tokens] * 2)
    assert steps.totals([0]) == (8, 4)
    assert steps.numbers([0], [0]) == {"reward": 0.25, "frac_reward_zero_std": 0.0}
    (row,) = steps[0]["step"].rows
    assert row.chains == (right,)


@pytest.mark.parametrize(("groups", "rates"), [(2, [1e-3]), (4, [0.0, 1e-3])])
def test_an_only_step_has_a_learning_rate(tmp_path: Path, groups: int, rates: list[float]) -> None:
    """transformers' warm-up begins at 0: of one step it would leave nothing."""
    model, start = tiny_model("llama"), tiny_model("llama")
    args = config(tmp_path, groups_per_step=2, learning_rate=1e-3, lr_scheduler_type="cosine", warmup_steps=0.1)
    args.max_steps, args.num_train_epochs = -1, 1
    trainer = TreePolicyTrainer(model, args, random_examples(random.Random(1), start, groups))
    trainer.train()
    assert [log["learning_rate"] for log in trainer.state.log_history if "learning_rate" in log] == rates
    assert any((a != b).any() for a, b in zip(model.parameters(), start.parameters(), strict=True))


def test_logs_the_means_of_rewards_and_the_difference_to_the_sampler(tmp_path: Path) -> None:
    draw = random.Random(1)
    model = tiny_model("llama")
    examples = random_examples(draw, model, 3)
    trainer = TreePolicyTrainer(model, config(tmp_path, groups_per_step=3, max_steps=1), examples)
    trainer.train()
    (log,) = [log for log in trainer.state.log_history if "loss" in log]
    pairs = [(r, m) for e in examples for r, m in zip(e.rewards, e.multiplicities, strict=True)]
    assert log["reward"] == pytest.approx(sum(r * m for r, m in pairs) / sum(m for _, m in pairs))
    assert log["frac_reward_zero_std"] == pytest.approx(sum(example.equal for example in examples) / 3)
    start = tiny_model("llama")
    weighted = total = 0.0
    for example in examples:
        for chain, times, logps in zip(example.chains, example.multiplicities, example.behaviour, strict=True):
            gap = (plain_logps(start, chain).detach() - torch.tensor(logps)).abs().sum()
            weighted, total = weighted + times * float(gap), total + times * chain.length
    assert log["logp_difference"] == pytest.approx(weighted / total, rel=1e-4)
    assert log["step_chains"] == sum(len(example.chains) for example in examples)


@pytest.mark.parametrize(("logging_steps", "logged"), [(2, [1, 2, 4, 5]), (4, [1, 4, 5]), (10, [1, 5])])
def test_the_first_step_and_the_last_one_are_logged(tmp_path: Path, logging_steps: int, logged: list[int]) -> None:
    """A round's record takes the sampler's difference of the first row, and steps and tokens of the last one."""

    def rows_of(logging_steps: int, path: Path) -> list[dict[str, float]]:
        torch.manual_seed(0)
        model = tiny_model("llama")
        examples = random_examples(random.Random(3), model, 5)
        args = config(path, groups_per_step=1, logging_steps=logging_steps, max_steps=-1, num_train_epochs=1)
        log = MetricsLog(path / "rows", "own", counts_anew=False)
        TreePolicyTrainer(model, args, examples, callbacks=[log]).train()
        return read_metrics(path / "rows")

    often, rows = rows_of(1, tmp_path / "often"), rows_of(logging_steps, tmp_path / "seldom")
    assert [row["step"] for row in often] == [1, 2, 3, 4, 5]
    assert [row["step"] for row in rows] == logged
    assert rows[0]["logp_difference"] == often[0]["logp_difference"]
    assert {rows[-1][key] - often[-1][key] for key in ("step", "steps", "tokens", "chains")} == {0.0}


def test_the_step_of_a_checkpoint_is_logged() -> None:
    """A run that goes on from it takes the counts from its row."""
    log, state = MetricsLog(Path("rows"), "own", counts_anew=True), TrainerState(global_step=3, max_steps=9)
    for saves in (False, True):
        control = TrainerControl(should_save=saves)
        log.on_step_end(Any, state, control)  # type: ignore[arg-type]
        assert control.should_log == saves


@pytest.mark.parametrize(("name", "value"), [("loss", float("nan")), ("grad_norm", float("inf"))])
@pytest.mark.parametrize("zero", [True, False])
def test_a_step_that_is_no_number_fails_on_every_rank(name: str, value: float, zero: bool) -> None:
    log, state = MetricsLog(Path("rows"), "own", counts_anew=True), TrainerState(global_step=3, max_steps=9)
    state.is_world_process_zero = zero
    with pytest.raises(WorkError, match=f"arm own, step 3: {name} is {value}"):
        log.on_log(Any, state, TrainerControl(), {"loss": 0.5, "grad_norm": 1.0, name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(("likelier", "fails"), [(5.0, True), (0.1, False)])
def test_training_ends_where_a_ratio_overflows(likelier: float, fails: bool, tmp_path: Path) -> None:
    """20 tokens of a wrong chain, each so many nats likelier than when they were sampled: rloo multiplies their ratios,
    and no bound holds them at a negative advantage."""
    model, draw = tiny_model("llama"), random.Random(4)
    chains = [ScoredChain(tuple(draw.choices(range(3, 40), k=24)), (False,) * 4 + (True,) * 20) for _ in range(2)]
    prompt = chains[0].ids[:4]
    chains = [replace(each, ids=prompt + each.ids[4:]) for each in chains]
    right, wrong = (tuple(plain_logps(model, each).tolist()) for each in chains)
    sampled = (right, tuple(logp - likelier for logp in wrong))
    args = config(tmp_path, loss_type="rloo", groups_per_step=1, max_steps=2)
    args.logging_nan_inf_filter = False
    log = MetricsLog(tmp_path / "rows", "own", counts_anew=False)
    examples = [PolicyExample("p", tuple(chains), (1, 1), (1.0, 0.0), sampled)]
    trainer = TreePolicyTrainer(model, args, examples, callbacks=[log])
    if not fails:
        trainer.train()
        return
    with pytest.raises(WorkError, match=r"^arm own, step 1: (loss|grad_norm) is (nan|inf)"):
        trainer.train()
    assert read_metrics(tmp_path / "rows") == []


@pytest.mark.parametrize("tokens_per_micro_step", [64, 4096])
def test_a_sampler_is_held_against_the_policy_that_sampled(tmp_path: Path, tokens_per_micro_step: int) -> None:
    """Not against the one that is trained by now: every token of every episode, in rows of any size."""
    sampled = tiny_model("llama")
    sampled.save_pretrained(tmp_path)
    examples = random_examples(random.Random(2), sampled, 4)
    expected = tokens = 0.0
    for example in examples:
        for chain, times, logps in zip(example.chains, example.multiplicities, example.behaviour, strict=True):
            expected += times * float((plain_logps(sampled, chain).detach() - torch.tensor(logps)).abs().sum())
            tokens += times * chain.length
    found = sampler_difference(str(tmp_path), examples, tokens_per_micro_step=tokens_per_micro_step)
    assert found == (pytest.approx(expected, rel=1e-4), tokens)
    assert sampler_difference(str(tmp_path), [], tokens_per_micro_step=64) == (0.0, 0)


def test_examples_that_do_not_fit_together_are_refused() -> None:
    chain = ScoredChain((3, 4, 5), (False, True, True))
    with pytest.raises(ValueError, match=r"^p: not every chain has a multiplicity"):
        PolicyExample("p", (chain,), (1,), (1.0, 0.0), ((-1.0, -1.0),))
    with pytest.raises(ValueError, match=r"^p: 1 log-probabilities of 2 scored tokens$"):
        PolicyExample("p", (chain,), (1,), (1.0,), ((-1.0,),))
