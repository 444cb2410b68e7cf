"""What the plan decided where a run's recipe says `auto`: RUN/decided.json. Written when the run begins to work.

A run goes on with what is written there, so that an arm is trained to its end as it began.
"""

from typing import Literal

import msgspec

from cluster.errors import CorruptionError
from cluster.store.digests import checked, sealed
from cluster.store.storage import LocalStore
from pipeline.recipe import Recipe
from pipeline.run.folder import Run
from rollout.data import layout

Stage = Literal[0, 1, 2, 3]
"""ZeRO's."""


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """Values for settings of training that are `auto`, and for which ranks they were chosen.

    The defaults are those of ranks on CPUs, and of GPUs whose memory is not known.
    """

    tokens_per_micro_step: int = 8192
    stage: Stage = 3
    gradient_checkpointing: bool = False
    fused_kernels: Literal["on", "off"] = "off"
    ranks: int = 0
    gpus: tuple[str, ...] = ()
    """Types of GPU that the ranks may get; none where they are not known."""
    reason: str = ""

    def applied(self, recipe: Recipe) -> Recipe:
        """The recipe with these values for its settings that are `auto`; the others stay."""
        training, zero = recipe.training, recipe.training.zero
        chosen = {
            "tokens_per_micro_step": _chosen(training.tokens_per_micro_step, self.tokens_per_micro_step),
            "fused_kernels": _chosen(training.fused_kernels, self.fused_kernels) if training.gpus_per_rank else "off",
            "zero": zero.model_copy(update={"stage": _chosen(zero.stage, self.stage)}),
        }
        arms = {
            name: arm.model_copy(
                update={"gradient_checkpointing": _chosen(arm.gradient_checkpointing, self.gradient_checkpointing)}
            )
            for name, arm in recipe.arms.items()
        }
        return recipe.model_copy(update={"training": training.model_copy(update=chosen), "arms": arms})


ON_CPUS = Decided()
STAGE = "training.zero.stage"


def asks(recipe: Recipe) -> tuple[str, ...]:
    """The settings that the plan is to decide. What kernels are installed is no matter of memory and not among them."""
    training = recipe.training
    given: dict[str, object] = {
        "training.tokens_per_micro_step": training.tokens_per_micro_step,
        STAGE: training.zero.stage,
        **{recomputation_of(name): arm.gradient_checkpointing for name, arm in recipe.arms.items()},
    }
    return tuple(key for key, value in given.items() if value == "auto")


def recomputation_of(arm: str) -> str:
    """The arm's setting."""
    return f"arms.{arm}.gradient_checkpointing"


def read_decided(run: Run) -> Decided | None:
    """What was decided for a run; None where nothing was. Raises CorruptionError for what is not what was written."""
    path = run.folder / layout.DECIDED
    if not path.is_file():
        return None
    stored = checked(path.read_bytes(), str(path), "restore it")
    try:
        return msgspec.json.decode(stored, type=Decided)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorruptionError(f"run {run.folder}: {layout.DECIDED} is broken ({error}); restore it") from None


def write_decided(run: Run, decided: Decided) -> None:
    data = msgspec.json.format(msgspec.json.encode(decided), indent=1)
    LocalStore(run.folder).replace(layout.DECIDED, sealed(data, "json"))


def decided_recipe(run: Run) -> Recipe:
    """The run's recipe with what was decided."""
    return (read_decided(run) or ON_CPUS).applied(run.recipe)


def _chosen(value: object, instead: object) -> object:
    return instead if value == "auto" else value
