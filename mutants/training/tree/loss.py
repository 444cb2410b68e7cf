"""DPO losses as pure functions of per-chain sums. Option names and formulas are TRL's where the meaning is the same.

For one problem with n right and m wrong chains let r_i = log pi(chain_i) - log pi_ref(chain_i), summed over the scored
tokens (nats). The margin of the pair (i, j) is r_i - r_j, so a loss over n*m pairs is a function of n + m numbers.
Sources: sigmoid, arXiv 2305.18290 eq. 7; label smoothing ("conservative DPO"), E. Mitchell 2023; robust, arXiv
2403.00409 eq. 12; ipo, arXiv 2310.12036 eq. 17 on per-token means as in TRL; hinge, arXiv 2305.10425; the NLL term,
arXiv 2404.19733 (`rpo_alpha`).
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, relu

from cluster.errors import RequestError

LossType = Literal["sigmoid", "sigmoid_norm", "ipo", "robust", "hinge"]
PairMean = Literal["pairs", "problems"]
LOSS_TYPES: tuple[LossType, ...] = ("sigmoid", "sigmoid_norm", "ipo", "robust", "hinge")


from mutmut.mutation.trampoline import wrap_in_trampoline as _mutmut_mutated, MutantDict
mutants_xǁLossOptionsǁ__post_init____mutmut: MutantDict = {}  # type: ignore


@dataclass(frozen=True, slots=True)
class LossOptions:
    """Which loss, and its parameters. `sigmoid_norm` is `sigmoid` with `length_normalised`; `ipo` is always normalised,
    as in TRL."""

    beta: float = 0.1
    loss_type: LossType = "sigmoid"
    label_smoothing: float = 0.0
    """The probability that a label is wrong: conservative DPO with `sigmoid`, unbiased with `robust`."""
    rpo_alpha: float = 0.0
    """Weight of the NLL term: the mean over scored tokens of chosen chains."""
    length_normalised: bool = False
    """Divide each chain's log-ratio by its number of scored tokens."""

    @_mutmut_mutated(mutants_xǁLossOptionsǁ__post_init____mutmut)
    def __post_init__(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_orig(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_1(self) -> None:
        if self.loss_type in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_2(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(None)
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_3(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(None)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_4(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {'XX, XX'.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_5(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta < 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_6(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 1:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_7(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(None)
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_8(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_9(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 1 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_10(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 < self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_11(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing <= 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_12(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 1.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_13(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(None)
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_14(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing or self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_15(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_16(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("XXsigmoidXX", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_17(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("SIGMOID", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_18(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "XXsigmoid_normXX", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_19(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "SIGMOID_NORM", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_20(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "XXrobustXX"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_21(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "ROBUST"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_22(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                None
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_23(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha <= 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_24(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 1:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    def xǁLossOptionsǁ__post_init____mutmut_25(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(None)

    @property
    def by_length(self) -> bool:
        """Whether log-ratios are divided by lengths."""
        return self.length_normalised or self.loss_type in ("ipo", "sigmoid_norm")

mutants_xǁLossOptionsǁ__post_init____mutmut['_mutmut_orig'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_orig # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_1'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_1 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_2'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_2 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_3'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_3 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_4'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_4 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_5'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_5 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_6'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_6 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_7'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_7 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_8'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_8 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_9'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_9 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_10'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_10 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_11'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_11 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_12'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_12 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_13'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_13 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_14'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_14 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_15'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_15 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_16'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_16 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_17'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_17 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_18'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_18 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_19'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_19 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_20'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_20 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_21'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_21 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_22'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_22 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_23'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_23 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_24'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_24 # type: ignore # mutmut generated
mutants_xǁLossOptionsǁ__post_init____mutmut['xǁLossOptionsǁ__post_init____mutmut_25'] = LossOptions.xǁLossOptionsǁ__post_init____mutmut_25 # type: ignore # mutmut generated


@dataclass(frozen=True, slots=True, eq=False)
class GroupSums:
    """One problem's numbers, [n] for right (chosen) and [m] for wrong (rejected) chains.

    Log-probabilities are sums over scored tokens in nats; lengths are counts of scored tokens (at least 1).
    pair_weights: [n, m], summing to the problem's share of the step. nll_weights: [n], one a chain, per token.
    """

    chosen: Tensor
    rejected: Tensor
    reference_chosen: Tensor
    reference_rejected: Tensor
    chosen_lengths: Tensor
    rejected_lengths: Tensor
    pair_weights: Tensor
    nll_weights: Tensor
mutants_x_margins__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x_margins__mutmut)
def margins(sums: GroupSums, by_length: bool = False) -> Tensor:
    """The matrix [n, m] of margins: chosen log-ratio less rejected log-ratio, each over its length if `by_length`."""
    chosen = sums.chosen - sums.reference_chosen
    rejected = sums.rejected - sums.reference_rejected
    if by_length:
        chosen, rejected = chosen / sums.chosen_lengths, rejected / sums.rejected_lengths
    return chosen[:, None] - rejected[None, :]


def x_margins__mutmut_orig(sums: GroupSums, by_length: bool = False) -> Tensor:
    """The matrix [n, m] of margins: chosen log-ratio less rejected log-ratio, each over its length if `by_length`."""
    chosen = sums.chosen - sums.reference_chosen
    rejected = sums.rejected - sums.reference_rejected
    if by_length:
        chosen, rejected = chosen / sums.chosen_lengths, rejected / sums.rejected_lengths
    return chosen[:, None] - rejected[None, :]


def x_margins__mutmut_1(sums: GroupSums, by_length: bool = True) -> Tensor:
    """The matrix [n, m] of margins: chosen log-ratio less rejected log-ratio, each over its length if `by_length`."""
    chosen = sums.chosen - sums.reference_chosen
    rejected = sums.rejected - sums.reference_rejected
    if by_length:
        chosen, rejected = chosen / sums.chosen_lengths, rejected / sums.rejected_lengths
    return chosen[:, None] - rejected[None, :]


def x_margins__mutmut_2(sums: GroupSums, by_length: bool = False) -> Tensor:
    """The matrix [n, m] of margins: chosen log-ratio less rejected log-ratio, each over its length if `by_length`."""
    chosen = None
    rejected = sums.rejected - sums.reference_rejected
    if by_length:
        chosen, rejected = chosen / sums.chosen_lengths, rejected / sums.rejected_lengths
    return chosen[:, None] - rejected[None, :]


def x_margins__mutmut_3(sums: GroupSums, by_length: bool = False) -> Tensor:
    """The matrix [n, m] of margins: chosen log-ratio less rejected log-ratio, each over its length if `by_length`."""
    chosen = sums.chosen + sums.reference_chosen
    rejected = sums.rejected - sums.reference_rejected
    if by_length:
        chosen, rejected = chosen / sums.chosen_lengths, rejected / sums.rejected_lengths
    return chosen[:, None] - rejected[None, :]


def x_margins__mutmut_4(sums: GroupSums, by_length: bool = False) -> Tensor:
    """The matrix [n, m] of margins: chosen log-ratio less rejected log-ratio, each over its length if `by_length`."""
    chosen = sums.chosen - sums.reference_chosen
    rejected = None
    if by_length:
        chosen, rejected = chosen / sums.chosen_lengths, rejected / sums.rejected_lengths
    return chosen[:, None] - rejected[None, :]


def x_margins__mutmut_5(sums: GroupSums, by_length: bool = False) -> Tensor:
    """The matrix [n, m] of margins: chosen log-ratio less rejected log-ratio, each over its length if `by_length`."""
    chosen = sums.chosen - sums.reference_chosen
    rejected = sums.rejected + sums.reference_rejected
    if by_length:
        chosen, rejected = chosen / sums.chosen_lengths, rejected / sums.rejected_lengths
    return chosen[:, None] - rejected[None, :]


def x_margins__mutmut_6(sums: GroupSums, by_length: bool = False) -> Tensor:
    """The matrix [n, m] of margins: chosen log-ratio less rejected log-ratio, each over its length if `by_length`."""
    chosen = sums.chosen - sums.reference_chosen
    rejected = sums.rejected - sums.reference_rejected
    if by_length:
        chosen, rejected = None
    return chosen[:, None] - rejected[None, :]


def x_margins__mutmut_7(sums: GroupSums, by_length: bool = False) -> Tensor:
    """The matrix [n, m] of margins: chosen log-ratio less rejected log-ratio, each over its length if `by_length`."""
    chosen = sums.chosen - sums.reference_chosen
    rejected = sums.rejected - sums.reference_rejected
    if by_length:
        chosen, rejected = chosen * sums.chosen_lengths, rejected / sums.rejected_lengths
    return chosen[:, None] - rejected[None, :]


def x_margins__mutmut_8(sums: GroupSums, by_length: bool = False) -> Tensor:
    """The matrix [n, m] of margins: chosen log-ratio less rejected log-ratio, each over its length if `by_length`."""
    chosen = sums.chosen - sums.reference_chosen
    rejected = sums.rejected - sums.reference_rejected
    if by_length:
        chosen, rejected = chosen / sums.chosen_lengths, rejected * sums.rejected_lengths
    return chosen[:, None] - rejected[None, :]


def x_margins__mutmut_9(sums: GroupSums, by_length: bool = False) -> Tensor:
    """The matrix [n, m] of margins: chosen log-ratio less rejected log-ratio, each over its length if `by_length`."""
    chosen = sums.chosen - sums.reference_chosen
    rejected = sums.rejected - sums.reference_rejected
    if by_length:
        chosen, rejected = chosen / sums.chosen_lengths, rejected / sums.rejected_lengths
    return chosen[:, None] + rejected[None, :]

mutants_x_margins__mutmut['_mutmut_orig'] = x_margins__mutmut_orig # type: ignore # mutmut generated
mutants_x_margins__mutmut['x_margins__mutmut_1'] = x_margins__mutmut_1 # type: ignore # mutmut generated
mutants_x_margins__mutmut['x_margins__mutmut_2'] = x_margins__mutmut_2 # type: ignore # mutmut generated
mutants_x_margins__mutmut['x_margins__mutmut_3'] = x_margins__mutmut_3 # type: ignore # mutmut generated
mutants_x_margins__mutmut['x_margins__mutmut_4'] = x_margins__mutmut_4 # type: ignore # mutmut generated
mutants_x_margins__mutmut['x_margins__mutmut_5'] = x_margins__mutmut_5 # type: ignore # mutmut generated
mutants_x_margins__mutmut['x_margins__mutmut_6'] = x_margins__mutmut_6 # type: ignore # mutmut generated
mutants_x_margins__mutmut['x_margins__mutmut_7'] = x_margins__mutmut_7 # type: ignore # mutmut generated
mutants_x_margins__mutmut['x_margins__mutmut_8'] = x_margins__mutmut_8 # type: ignore # mutmut generated
mutants_x_margins__mutmut['x_margins__mutmut_9'] = x_margins__mutmut_9 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x_pair_losses__mutmut)
def pair_losses(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_orig(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_1(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = None
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_2(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta / margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_3(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = None
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_4(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type != "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_5(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "XXipoXX":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_6(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "IPO":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_7(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) * 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_8(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin + 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_9(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 * (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_10(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 2 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_11(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 / options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_12(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (3 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_13(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 3
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_14(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type != "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_15(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "XXhingeXX":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_16(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "HINGE":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_17(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(None)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_18(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 + logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_19(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(2 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_20(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type != "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_21(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "XXrobustXX":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_22(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "ROBUST":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_23(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = None
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_24(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) / logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_25(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 + smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_26(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (2 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_27(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(None), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_28(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing / logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_29(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(None)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_30(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(+logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_31(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) * (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_32(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped + kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_33(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 + 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_34(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (2 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_35(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 / smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_36(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 3 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_37(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_38(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return +logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_39(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(None)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_40(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) + smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_41(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) / logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_42(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return +(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_43(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 + smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_44(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(2 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_45(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(None) - smoothing * logsigmoid(-logits)


def x_pair_losses__mutmut_46(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing / logsigmoid(-logits)


def x_pair_losses__mutmut_47(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(None)


def x_pair_losses__mutmut_48(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(+logits)

mutants_x_pair_losses__mutmut['_mutmut_orig'] = x_pair_losses__mutmut_orig # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_1'] = x_pair_losses__mutmut_1 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_2'] = x_pair_losses__mutmut_2 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_3'] = x_pair_losses__mutmut_3 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_4'] = x_pair_losses__mutmut_4 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_5'] = x_pair_losses__mutmut_5 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_6'] = x_pair_losses__mutmut_6 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_7'] = x_pair_losses__mutmut_7 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_8'] = x_pair_losses__mutmut_8 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_9'] = x_pair_losses__mutmut_9 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_10'] = x_pair_losses__mutmut_10 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_11'] = x_pair_losses__mutmut_11 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_12'] = x_pair_losses__mutmut_12 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_13'] = x_pair_losses__mutmut_13 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_14'] = x_pair_losses__mutmut_14 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_15'] = x_pair_losses__mutmut_15 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_16'] = x_pair_losses__mutmut_16 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_17'] = x_pair_losses__mutmut_17 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_18'] = x_pair_losses__mutmut_18 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_19'] = x_pair_losses__mutmut_19 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_20'] = x_pair_losses__mutmut_20 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_21'] = x_pair_losses__mutmut_21 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_22'] = x_pair_losses__mutmut_22 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_23'] = x_pair_losses__mutmut_23 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_24'] = x_pair_losses__mutmut_24 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_25'] = x_pair_losses__mutmut_25 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_26'] = x_pair_losses__mutmut_26 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_27'] = x_pair_losses__mutmut_27 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_28'] = x_pair_losses__mutmut_28 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_29'] = x_pair_losses__mutmut_29 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_30'] = x_pair_losses__mutmut_30 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_31'] = x_pair_losses__mutmut_31 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_32'] = x_pair_losses__mutmut_32 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_33'] = x_pair_losses__mutmut_33 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_34'] = x_pair_losses__mutmut_34 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_35'] = x_pair_losses__mutmut_35 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_36'] = x_pair_losses__mutmut_36 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_37'] = x_pair_losses__mutmut_37 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_38'] = x_pair_losses__mutmut_38 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_39'] = x_pair_losses__mutmut_39 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_40'] = x_pair_losses__mutmut_40 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_41'] = x_pair_losses__mutmut_41 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_42'] = x_pair_losses__mutmut_42 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_43'] = x_pair_losses__mutmut_43 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_44'] = x_pair_losses__mutmut_44 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_45'] = x_pair_losses__mutmut_45 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_46'] = x_pair_losses__mutmut_46 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_47'] = x_pair_losses__mutmut_47 # type: ignore # mutmut generated
mutants_x_pair_losses__mutmut['x_pair_losses__mutmut_48'] = x_pair_losses__mutmut_48 # type: ignore # mutmut generated
mutants_x_group_loss__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x_group_loss__mutmut)
def group_loss(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = pair_losses(margins(sums, options.by_length), options)
    total = (sums.pair_weights * losses).sum()
    if options.rpo_alpha:
        total = total - options.rpo_alpha * (sums.nll_weights * sums.chosen).sum()
    return total


def x_group_loss__mutmut_orig(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = pair_losses(margins(sums, options.by_length), options)
    total = (sums.pair_weights * losses).sum()
    if options.rpo_alpha:
        total = total - options.rpo_alpha * (sums.nll_weights * sums.chosen).sum()
    return total


def x_group_loss__mutmut_1(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = None
    total = (sums.pair_weights * losses).sum()
    if options.rpo_alpha:
        total = total - options.rpo_alpha * (sums.nll_weights * sums.chosen).sum()
    return total


def x_group_loss__mutmut_2(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = pair_losses(None, options)
    total = (sums.pair_weights * losses).sum()
    if options.rpo_alpha:
        total = total - options.rpo_alpha * (sums.nll_weights * sums.chosen).sum()
    return total


def x_group_loss__mutmut_3(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = pair_losses(margins(sums, options.by_length), None)
    total = (sums.pair_weights * losses).sum()
    if options.rpo_alpha:
        total = total - options.rpo_alpha * (sums.nll_weights * sums.chosen).sum()
    return total


def x_group_loss__mutmut_4(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = pair_losses(options)
    total = (sums.pair_weights * losses).sum()
    if options.rpo_alpha:
        total = total - options.rpo_alpha * (sums.nll_weights * sums.chosen).sum()
    return total


def x_group_loss__mutmut_5(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = pair_losses(margins(sums, options.by_length), )
    total = (sums.pair_weights * losses).sum()
    if options.rpo_alpha:
        total = total - options.rpo_alpha * (sums.nll_weights * sums.chosen).sum()
    return total


def x_group_loss__mutmut_6(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = pair_losses(margins(None, options.by_length), options)
    total = (sums.pair_weights * losses).sum()
    if options.rpo_alpha:
        total = total - options.rpo_alpha * (sums.nll_weights * sums.chosen).sum()
    return total


def x_group_loss__mutmut_7(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = pair_losses(margins(sums, None), options)
    total = (sums.pair_weights * losses).sum()
    if options.rpo_alpha:
        total = total - options.rpo_alpha * (sums.nll_weights * sums.chosen).sum()
    return total


def x_group_loss__mutmut_8(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = pair_losses(margins(options.by_length), options)
    total = (sums.pair_weights * losses).sum()
    if options.rpo_alpha:
        total = total - options.rpo_alpha * (sums.nll_weights * sums.chosen).sum()
    return total


def x_group_loss__mutmut_9(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = pair_losses(margins(sums, ), options)
    total = (sums.pair_weights * losses).sum()
    if options.rpo_alpha:
        total = total - options.rpo_alpha * (sums.nll_weights * sums.chosen).sum()
    return total


def x_group_loss__mutmut_10(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = pair_losses(margins(sums, options.by_length), options)
    total = None
    if options.rpo_alpha:
        total = total - options.rpo_alpha * (sums.nll_weights * sums.chosen).sum()
    return total


def x_group_loss__mutmut_11(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = pair_losses(margins(sums, options.by_length), options)
    total = (sums.pair_weights / losses).sum()
    if options.rpo_alpha:
        total = total - options.rpo_alpha * (sums.nll_weights * sums.chosen).sum()
    return total


def x_group_loss__mutmut_12(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = pair_losses(margins(sums, options.by_length), options)
    total = (sums.pair_weights * losses).sum()
    if options.rpo_alpha:
        total = None
    return total


def x_group_loss__mutmut_13(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = pair_losses(margins(sums, options.by_length), options)
    total = (sums.pair_weights * losses).sum()
    if options.rpo_alpha:
        total = total + options.rpo_alpha * (sums.nll_weights * sums.chosen).sum()
    return total


def x_group_loss__mutmut_14(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = pair_losses(margins(sums, options.by_length), options)
    total = (sums.pair_weights * losses).sum()
    if options.rpo_alpha:
        total = total - options.rpo_alpha / (sums.nll_weights * sums.chosen).sum()
    return total


def x_group_loss__mutmut_15(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = pair_losses(margins(sums, options.by_length), options)
    total = (sums.pair_weights * losses).sum()
    if options.rpo_alpha:
        total = total - options.rpo_alpha * (sums.nll_weights / sums.chosen).sum()
    return total

mutants_x_group_loss__mutmut['_mutmut_orig'] = x_group_loss__mutmut_orig # type: ignore # mutmut generated
mutants_x_group_loss__mutmut['x_group_loss__mutmut_1'] = x_group_loss__mutmut_1 # type: ignore # mutmut generated
mutants_x_group_loss__mutmut['x_group_loss__mutmut_2'] = x_group_loss__mutmut_2 # type: ignore # mutmut generated
mutants_x_group_loss__mutmut['x_group_loss__mutmut_3'] = x_group_loss__mutmut_3 # type: ignore # mutmut generated
mutants_x_group_loss__mutmut['x_group_loss__mutmut_4'] = x_group_loss__mutmut_4 # type: ignore # mutmut generated
mutants_x_group_loss__mutmut['x_group_loss__mutmut_5'] = x_group_loss__mutmut_5 # type: ignore # mutmut generated
mutants_x_group_loss__mutmut['x_group_loss__mutmut_6'] = x_group_loss__mutmut_6 # type: ignore # mutmut generated
mutants_x_group_loss__mutmut['x_group_loss__mutmut_7'] = x_group_loss__mutmut_7 # type: ignore # mutmut generated
mutants_x_group_loss__mutmut['x_group_loss__mutmut_8'] = x_group_loss__mutmut_8 # type: ignore # mutmut generated
mutants_x_group_loss__mutmut['x_group_loss__mutmut_9'] = x_group_loss__mutmut_9 # type: ignore # mutmut generated
mutants_x_group_loss__mutmut['x_group_loss__mutmut_10'] = x_group_loss__mutmut_10 # type: ignore # mutmut generated
mutants_x_group_loss__mutmut['x_group_loss__mutmut_11'] = x_group_loss__mutmut_11 # type: ignore # mutmut generated
mutants_x_group_loss__mutmut['x_group_loss__mutmut_12'] = x_group_loss__mutmut_12 # type: ignore # mutmut generated
mutants_x_group_loss__mutmut['x_group_loss__mutmut_13'] = x_group_loss__mutmut_13 # type: ignore # mutmut generated
mutants_x_group_loss__mutmut['x_group_loss__mutmut_14'] = x_group_loss__mutmut_14 # type: ignore # mutmut generated
mutants_x_group_loss__mutmut['x_group_loss__mutmut_15'] = x_group_loss__mutmut_15 # type: ignore # mutmut generated


METRICS = (
    "rewards/chosen",
    "rewards/rejected",
    "rewards/margins",
    "rewards/accuracies",
    "logps/chosen",
    "logps/rejected",
    "kl",
    "nll",
)
"""The names that `group_metrics` gives: ranks must agree on them even where one of them had no group."""


@torch.no_grad()
def group_metrics(sums: GroupSums, options: LossOptions) -> dict[str, Tensor]:
    """The group's share of each logged mean, under TRL's names: scalars that add up over the groups of a step.

    Rewards, accuracies and log-probabilities are means over pairs, weighted as the loss is. `kl` is the mean over
    pairs of the log-ratio to the reference, over both sides, in nats: an estimate on the data's chains, not on the
    model's own, so it may be negative. `nll` is a mean over scored tokens of chosen chains.
    """
    by_chosen, by_rejected = sums.pair_weights.sum(1), sums.pair_weights.sum(0)
    chosen = (by_chosen * (sums.chosen - sums.reference_chosen)).sum()
    rejected = (by_rejected * (sums.rejected - sums.reference_rejected)).sum()
    return {
        "rewards/chosen": options.beta * chosen,
        "rewards/rejected": options.beta * rejected,
        "rewards/margins": options.beta * (chosen - rejected),
        "rewards/accuracies": (sums.pair_weights * (margins(sums) > 0)).sum(),
        "logps/chosen": (by_chosen * sums.chosen).sum(),
        "logps/rejected": (by_rejected * sums.rejected).sum(),
        "kl": (chosen + rejected) / 2,
        "nll": -(sums.nll_weights * sums.chosen).sum(),
    }
