"""The functions that a call format may have in every toolbox: microchain's `Reasoning` and `Stop`."""

from collections.abc import Mapping
from types import MappingProxyType

from rollout.toolboxes.function import Function


def reasoning(reasoning: str) -> None:
    """Think: write down the reasoning before the next call."""


def stop() -> None:
    """End. The last result is the answer."""


BUILT_INS: Mapping[str, Function] = MappingProxyType(
    {
        "Reasoning": Function.from_callable(
            reasoning, name="Reasoning", examples=('Reasoning("First add the two numbers.")',)
        ),
        "Stop": Function.from_callable(stop, name="Stop", examples=("Stop()",)),
    }
)
