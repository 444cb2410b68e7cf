"""What `chainpref doctor` says about one thing."""

from dataclasses import dataclass

_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked. Without `fit` a run cannot work or, if the thing is `optional`, works worse."""

    what: str
    value: str
    fit: bool
    advice: str
    """What to do where it is not fit."""
    optional: bool = False


def sized(what: str, size: float, needed_gib: float, advice: str, optional: bool = False) -> Finding:
    """A finding about `size` bytes, of which `needed_gib` GiB are needed."""
    return Finding(what, f"{size / _GIB:.1f} GiB", size >= needed_gib * _GIB, advice, optional)
