"""What a part of a run needs of a cluster at one time, whether nodes can give it, and what to change where they cannot.

Pure: nodes in, words out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cluster.errors import RequestError
from cluster.pool.placement import EnginePlacement, NodeResources, describe, fitting


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Several processes, or engines, that work at the same time. `section` is the recipe's section of them."""

    section: str
    what: str
    """What one is, in a word: `host`, `rank`."""
    count: int
    placement: EnginePlacement
    """The bundles of one."""
    smaller: str
    """What to lower so that less is needed."""
    without_gpus: str
    """The setting with which they do without GPUs."""

    def __str__(self) -> str:
        return f"{self.section} asks for {self.count} {self.what}(s), each {self.placement}"

    def met_by(self, nodes: Sequence[NodeResources], count: int = 0) -> bool:
        """Whether the empty nodes hold `count` of them together; all, where `count` is 0."""
        wanted = count or self.count
        return fitting(self.placement, nodes, wanted) == wanted

    def refused(self, nodes: Sequence[NodeResources], place: str, more: str) -> RequestError:
        """The error of one line: what is needed, what `place` has, what to set. `more`: how to get more of it."""
        return RequestError(f"{self}; {place} has {describe(nodes)}: {self.remedy(nodes)}, or {more}")

    def remedy(self, nodes: Sequence[NodeResources]) -> str:
        """The change of the recipe that asks for less of what is missing."""
        first = self.placement.bundles[0]
        if first.gpus and not any(node.gpus for node in nodes):
            return f"set {self.without_gpus}"
        if first.gpu and first.gpus and not any(first.gpu in node.gpu_types for node in nodes):
            return f"set {self.section}.gpu to a type that is there, or to ''"
        return f"lower {self.smaller}"
