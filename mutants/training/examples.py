"""An arm's examples on disk: written once, memory-mapped by every rank, read one group at a time.

Days of rollouts make more chains than a rank has memory for. The common beginning of a group's chains is stored once.
"""

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from cluster.errors import CorruptionError, RequestError
from cluster.store.atomic import atomic_folder
from training.chains import ScoredChain, ScoredGroup
from training.tree.batches import PreferenceExample
from training.tree.layout import common_prefix

if TYPE_CHECKING:
    from datasets import Dataset

_ROWS, _COUNTS = "examples.arrow", "counts.json"


from mutmut.mutation.trampoline import wrap_in_trampoline as _mutmut_mutated, MutantDict
mutants_xǁStoredExamplesǁ__init____mutmut: MutantDict = {}  # type: ignore
mutants_xǁStoredExamplesǁ__getitem____mutmut: MutantDict = {}  # type: ignore


class StoredExamples(Sequence[PreferenceExample]):
    """The examples of a folder that `write_examples` made, in the order in which they were written."""

    @_mutmut_mutated(mutants_xǁStoredExamplesǁ__init____mutmut)
    def __init__(self, directory: Path) -> None:
        import datasets

        self._rows: Dataset = datasets.Dataset.from_file(str(directory / _ROWS))
        written = json.loads((directory / _COUNTS).read_text())["examples"]
        if len(self._rows) != written:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{directory}: holds {len(self._rows)} of {written} examples; remove the folder")

    def xǁStoredExamplesǁ__init____mutmut_orig(self, directory: Path) -> None:
        import datasets

        self._rows: Dataset = datasets.Dataset.from_file(str(directory / _ROWS))
        written = json.loads((directory / _COUNTS).read_text())["examples"]
        if len(self._rows) != written:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{directory}: holds {len(self._rows)} of {written} examples; remove the folder")

    def xǁStoredExamplesǁ__init____mutmut_1(self, directory: Path) -> None:
        import datasets

        self._rows: Dataset = None
        written = json.loads((directory / _COUNTS).read_text())["examples"]
        if len(self._rows) != written:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{directory}: holds {len(self._rows)} of {written} examples; remove the folder")

    def xǁStoredExamplesǁ__init____mutmut_2(self, directory: Path) -> None:
        import datasets

        self._rows: Dataset = datasets.Dataset.from_file(None)
        written = json.loads((directory / _COUNTS).read_text())["examples"]
        if len(self._rows) != written:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{directory}: holds {len(self._rows)} of {written} examples; remove the folder")

    def xǁStoredExamplesǁ__init____mutmut_3(self, directory: Path) -> None:
        import datasets

        self._rows: Dataset = datasets.Dataset.from_file(str(None))
        written = json.loads((directory / _COUNTS).read_text())["examples"]
        if len(self._rows) != written:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{directory}: holds {len(self._rows)} of {written} examples; remove the folder")

    def xǁStoredExamplesǁ__init____mutmut_4(self, directory: Path) -> None:
        import datasets

        self._rows: Dataset = datasets.Dataset.from_file(str(directory * _ROWS))
        written = json.loads((directory / _COUNTS).read_text())["examples"]
        if len(self._rows) != written:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{directory}: holds {len(self._rows)} of {written} examples; remove the folder")

    def xǁStoredExamplesǁ__init____mutmut_5(self, directory: Path) -> None:
        import datasets

        self._rows: Dataset = datasets.Dataset.from_file(str(directory / _ROWS))
        written = None
        if len(self._rows) != written:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{directory}: holds {len(self._rows)} of {written} examples; remove the folder")

    def xǁStoredExamplesǁ__init____mutmut_6(self, directory: Path) -> None:
        import datasets

        self._rows: Dataset = datasets.Dataset.from_file(str(directory / _ROWS))
        written = json.loads(None)["examples"]
        if len(self._rows) != written:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{directory}: holds {len(self._rows)} of {written} examples; remove the folder")

    def xǁStoredExamplesǁ__init____mutmut_7(self, directory: Path) -> None:
        import datasets

        self._rows: Dataset = datasets.Dataset.from_file(str(directory / _ROWS))
        written = json.loads((directory * _COUNTS).read_text())["examples"]
        if len(self._rows) != written:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{directory}: holds {len(self._rows)} of {written} examples; remove the folder")

    def xǁStoredExamplesǁ__init____mutmut_8(self, directory: Path) -> None:
        import datasets

        self._rows: Dataset = datasets.Dataset.from_file(str(directory / _ROWS))
        written = json.loads((directory / _COUNTS).read_text())["XXexamplesXX"]
        if len(self._rows) != written:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{directory}: holds {len(self._rows)} of {written} examples; remove the folder")

    def xǁStoredExamplesǁ__init____mutmut_9(self, directory: Path) -> None:
        import datasets

        self._rows: Dataset = datasets.Dataset.from_file(str(directory / _ROWS))
        written = json.loads((directory / _COUNTS).read_text())["EXAMPLES"]
        if len(self._rows) != written:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{directory}: holds {len(self._rows)} of {written} examples; remove the folder")

    def xǁStoredExamplesǁ__init____mutmut_10(self, directory: Path) -> None:
        import datasets

        self._rows: Dataset = datasets.Dataset.from_file(str(directory / _ROWS))
        written = json.loads((directory / _COUNTS).read_text())["examples"]
        if len(self._rows) == written:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(f"{directory}: holds {len(self._rows)} of {written} examples; remove the folder")

    def xǁStoredExamplesǁ__init____mutmut_11(self, directory: Path) -> None:
        import datasets

        self._rows: Dataset = datasets.Dataset.from_file(str(directory / _ROWS))
        written = json.loads((directory / _COUNTS).read_text())["examples"]
        if len(self._rows) != written:  # a stream that was cut between two messages loads without an error
            raise CorruptionError(None)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> PreferenceExample: ...
    @overload
    def __getitem__(self, index: slice) -> list[PreferenceExample]: ...
    @_mutmut_mutated(mutants_xǁStoredExamplesǁ__getitem____mutmut)
    def __getitem__(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_orig(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_1(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(None)[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_2(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = None
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_3(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = None
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_4(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(None, row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_5(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], None, strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_6(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=None):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_7(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_8(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_9(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], ):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_10(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["XXidsXX"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_11(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["IDS"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_12(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["XXscoredXX"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_13(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["SCORED"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_14(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=False):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_15(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = None
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_16(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["XXsharedXX"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_17(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["SHARED"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_18(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = None
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_19(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(None)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_20(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(None)
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_21(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(None, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_22(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, None))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_23(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_24(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, ))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_25(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(None)))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_26(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at not in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_27(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(None))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_28(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = None
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_29(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["XXrightXX"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_30(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["RIGHT"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_31(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(None)
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_32(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["XXreferenceXX"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_33(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["REFERENCE"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_34(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = None
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_35(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(None)
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_36(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(None, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_37(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, None))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_38(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_39(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, ))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_40(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["XXpair_weightsXX"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_41(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["PAIR_WEIGHTS"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_42(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = None
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_43(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(None, tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_44(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], None, tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_45(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), None, weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_46(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), None)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_47(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_48(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_49(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_50(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), )
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_51(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["XXproblem_idXX"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_52(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["PROBLEM_ID"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_53(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(None), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_54(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(None), weights)
        return PreferenceExample(group, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_55(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(None, reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_56(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, None, reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_57(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], None)
    def xǁStoredExamplesǁ__getitem____mutmut_58(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(reference[:n], reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_59(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[n:])
    def xǁStoredExamplesǁ__getitem____mutmut_60(self, index: int | slice) -> PreferenceExample | list[PreferenceExample]:
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        row = self._rows[index]
        chains = []
        for rest, scored in zip(row["ids"], row["scored"], strict=True):
            ids = (*row["shared"], *rest)
            kept = frozenset(scored)
            chains.append(ScoredChain(ids, tuple(at in kept for at in range(len(ids)))))
        n, reference = row["right"], tuple(row["reference"])
        weights = tuple(map(tuple, row["pair_weights"]))
        group = ScoredGroup(row["problem_id"], tuple(chains[:n]), tuple(chains[n:]), weights)
        return PreferenceExample(group, reference[:n], )

mutants_xǁStoredExamplesǁ__init____mutmut['_mutmut_orig'] = StoredExamples.xǁStoredExamplesǁ__init____mutmut_orig # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__init____mutmut['xǁStoredExamplesǁ__init____mutmut_1'] = StoredExamples.xǁStoredExamplesǁ__init____mutmut_1 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__init____mutmut['xǁStoredExamplesǁ__init____mutmut_2'] = StoredExamples.xǁStoredExamplesǁ__init____mutmut_2 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__init____mutmut['xǁStoredExamplesǁ__init____mutmut_3'] = StoredExamples.xǁStoredExamplesǁ__init____mutmut_3 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__init____mutmut['xǁStoredExamplesǁ__init____mutmut_4'] = StoredExamples.xǁStoredExamplesǁ__init____mutmut_4 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__init____mutmut['xǁStoredExamplesǁ__init____mutmut_5'] = StoredExamples.xǁStoredExamplesǁ__init____mutmut_5 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__init____mutmut['xǁStoredExamplesǁ__init____mutmut_6'] = StoredExamples.xǁStoredExamplesǁ__init____mutmut_6 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__init____mutmut['xǁStoredExamplesǁ__init____mutmut_7'] = StoredExamples.xǁStoredExamplesǁ__init____mutmut_7 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__init____mutmut['xǁStoredExamplesǁ__init____mutmut_8'] = StoredExamples.xǁStoredExamplesǁ__init____mutmut_8 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__init____mutmut['xǁStoredExamplesǁ__init____mutmut_9'] = StoredExamples.xǁStoredExamplesǁ__init____mutmut_9 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__init____mutmut['xǁStoredExamplesǁ__init____mutmut_10'] = StoredExamples.xǁStoredExamplesǁ__init____mutmut_10 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__init____mutmut['xǁStoredExamplesǁ__init____mutmut_11'] = StoredExamples.xǁStoredExamplesǁ__init____mutmut_11 # type: ignore # mutmut generated

mutants_xǁStoredExamplesǁ__getitem____mutmut['_mutmut_orig'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_orig # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_1'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_1 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_2'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_2 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_3'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_3 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_4'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_4 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_5'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_5 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_6'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_6 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_7'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_7 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_8'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_8 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_9'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_9 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_10'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_10 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_11'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_11 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_12'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_12 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_13'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_13 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_14'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_14 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_15'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_15 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_16'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_16 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_17'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_17 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_18'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_18 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_19'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_19 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_20'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_20 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_21'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_21 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_22'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_22 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_23'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_23 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_24'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_24 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_25'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_25 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_26'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_26 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_27'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_27 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_28'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_28 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_29'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_29 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_30'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_30 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_31'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_31 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_32'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_32 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_33'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_33 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_34'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_34 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_35'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_35 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_36'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_36 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_37'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_37 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_38'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_38 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_39'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_39 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_40'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_40 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_41'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_41 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_42'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_42 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_43'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_43 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_44'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_44 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_45'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_45 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_46'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_46 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_47'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_47 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_48'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_48 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_49'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_49 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_50'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_50 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_51'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_51 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_52'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_52 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_53'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_53 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_54'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_54 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_55'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_55 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_56'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_56 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_57'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_57 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_58'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_58 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_59'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_59 # type: ignore # mutmut generated
mutants_xǁStoredExamplesǁ__getitem____mutmut['xǁStoredExamplesǁ__getitem____mutmut_60'] = StoredExamples.xǁStoredExamplesǁ__getitem____mutmut_60 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x_write_examples__mutmut)
def write_examples(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_orig(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_1(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = None
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_2(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(None)
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_3(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(None))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_4(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = None
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_5(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(None)
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_6(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = None
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_7(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        None
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_8(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "XXproblem_idXX": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_9(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "PROBLEM_ID": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_10(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "XXsharedXX": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_11(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "SHARED": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_12(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(None),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_13(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "XXidsXX": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_14(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "IDS": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_15(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "XXscoredXX": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_16(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "SCORED": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_17(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "XXrightXX": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_18(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "RIGHT": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_19(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "XXreferenceXX": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_20(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "REFERENCE": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_21(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "XXpair_weightsXX": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_22(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "PAIR_WEIGHTS": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_23(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(None),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_24(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = None
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_25(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 1
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_26(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(None) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_27(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(None, "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_28(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), None) as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_29(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile("wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_30(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), ) as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_31(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(None), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_32(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary * _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_33(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "XXwbXX") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_34(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "WB") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_35(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(None, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_36(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, None) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_37(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_38(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, ) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_39(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(None)
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_40(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist(None, schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_41(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=None))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_42(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist(schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_43(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], ))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_44(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(None)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_45(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written = 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_46(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written -= 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_47(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 2
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_48(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_49(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError(None)
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_50(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("XXno group has a pair: no problem has both a right and a wrong chain; sample moreXX")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_51(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("NO GROUP HAS A PAIR: NO PROBLEM HAS BOTH A RIGHT AND A WRONG CHAIN; SAMPLE MORE")
        (temporary / _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_52(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(None)


def x_write_examples__mutmut_53(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary * _COUNTS).write_text(json.dumps({"examples": written}))


def x_write_examples__mutmut_54(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps(None))


def x_write_examples__mutmut_55(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"XXexamplesXX": written}))


def x_write_examples__mutmut_56(examples: Iterable[PreferenceExample], directory: Path) -> None:
    """Write examples into a folder, whole or not at all; a folder that is there already stays.

    Holds one example in memory at a time. Raises RequestError when there is none.
    """
    if directory.is_dir():
        return
    import pyarrow as pa

    chains = pa.list_(pa.list_(pa.int32()))
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        {
            "problem_id": pa.string(),
            "shared": pa.list_(pa.int32()),
            "ids": chains,
            "scored": chains,
            "right": pa.int32(),
            "reference": numbers,
            "pair_weights": pa.list_(numbers),
        }
    )
    written = 0
    with atomic_folder(directory) as temporary:
        with pa.OSFile(str(temporary / _ROWS), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for example in examples:
                stream.write_batch(pa.RecordBatch.from_pylist([_row(example)], schema=schema))
                written += 1
        if not written:
            raise RequestError("no group has a pair: no problem has both a right and a wrong chain; sample more")
        (temporary / _COUNTS).write_text(json.dumps({"EXAMPLES": written}))

mutants_x_write_examples__mutmut['_mutmut_orig'] = x_write_examples__mutmut_orig # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_1'] = x_write_examples__mutmut_1 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_2'] = x_write_examples__mutmut_2 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_3'] = x_write_examples__mutmut_3 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_4'] = x_write_examples__mutmut_4 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_5'] = x_write_examples__mutmut_5 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_6'] = x_write_examples__mutmut_6 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_7'] = x_write_examples__mutmut_7 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_8'] = x_write_examples__mutmut_8 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_9'] = x_write_examples__mutmut_9 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_10'] = x_write_examples__mutmut_10 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_11'] = x_write_examples__mutmut_11 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_12'] = x_write_examples__mutmut_12 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_13'] = x_write_examples__mutmut_13 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_14'] = x_write_examples__mutmut_14 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_15'] = x_write_examples__mutmut_15 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_16'] = x_write_examples__mutmut_16 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_17'] = x_write_examples__mutmut_17 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_18'] = x_write_examples__mutmut_18 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_19'] = x_write_examples__mutmut_19 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_20'] = x_write_examples__mutmut_20 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_21'] = x_write_examples__mutmut_21 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_22'] = x_write_examples__mutmut_22 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_23'] = x_write_examples__mutmut_23 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_24'] = x_write_examples__mutmut_24 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_25'] = x_write_examples__mutmut_25 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_26'] = x_write_examples__mutmut_26 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_27'] = x_write_examples__mutmut_27 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_28'] = x_write_examples__mutmut_28 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_29'] = x_write_examples__mutmut_29 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_30'] = x_write_examples__mutmut_30 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_31'] = x_write_examples__mutmut_31 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_32'] = x_write_examples__mutmut_32 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_33'] = x_write_examples__mutmut_33 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_34'] = x_write_examples__mutmut_34 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_35'] = x_write_examples__mutmut_35 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_36'] = x_write_examples__mutmut_36 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_37'] = x_write_examples__mutmut_37 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_38'] = x_write_examples__mutmut_38 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_39'] = x_write_examples__mutmut_39 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_40'] = x_write_examples__mutmut_40 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_41'] = x_write_examples__mutmut_41 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_42'] = x_write_examples__mutmut_42 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_43'] = x_write_examples__mutmut_43 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_44'] = x_write_examples__mutmut_44 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_45'] = x_write_examples__mutmut_45 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_46'] = x_write_examples__mutmut_46 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_47'] = x_write_examples__mutmut_47 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_48'] = x_write_examples__mutmut_48 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_49'] = x_write_examples__mutmut_49 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_50'] = x_write_examples__mutmut_50 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_51'] = x_write_examples__mutmut_51 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_52'] = x_write_examples__mutmut_52 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_53'] = x_write_examples__mutmut_53 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_54'] = x_write_examples__mutmut_54 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_55'] = x_write_examples__mutmut_55 # type: ignore # mutmut generated
mutants_x_write_examples__mutmut['x_write_examples__mutmut_56'] = x_write_examples__mutmut_56 # type: ignore # mutmut generated
mutants_x__row__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x__row__mutmut)
def _row(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_orig(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_1(example: PreferenceExample) -> dict[str, Any]:
    group = None
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_2(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = None
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_3(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = None
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_4(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min(None, default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_5(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=None)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_6(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min(default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_7(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), )
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_8(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(None, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_9(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, None) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_10(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_11(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, ) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_12(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(None)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_13(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=1)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_14(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "XXproblem_idXX": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_15(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "PROBLEM_ID": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_16(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "XXsharedXX": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_17(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "SHARED": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_18(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[1].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_19(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "XXidsXX": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_20(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "IDS": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_21(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "XXscoredXX": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_22(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "SCORED": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_23(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(None) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_24(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "XXrightXX": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_25(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "RIGHT": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_26(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "XXreferenceXX": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_27(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "REFERENCE": example.reference_right + example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_28(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right - example.reference_wrong,
        "pair_weights": group.pair_weights,
    }


def x__row__mutmut_29(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "XXpair_weightsXX": group.pair_weights,
    }


def x__row__mutmut_30(example: PreferenceExample) -> dict[str, Any]:
    group = example.group
    chains = group.chains
    shared = min((common_prefix(one.ids, other.ids) for one, other in pairwise(chains)), default=0)
    return {
        "problem_id": group.problem_id,
        "shared": chains[0].ids[:shared],
        "ids": [chain.ids[shared:] for chain in chains],
        # Where prompts and results are long, positions of scored tokens take less space than one mark for each token.
        "scored": [[at for at, kept in enumerate(chain.scored) if kept] for chain in chains],
        "right": len(group.right),
        "reference": example.reference_right + example.reference_wrong,
        "PAIR_WEIGHTS": group.pair_weights,
    }

mutants_x__row__mutmut['_mutmut_orig'] = x__row__mutmut_orig # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_1'] = x__row__mutmut_1 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_2'] = x__row__mutmut_2 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_3'] = x__row__mutmut_3 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_4'] = x__row__mutmut_4 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_5'] = x__row__mutmut_5 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_6'] = x__row__mutmut_6 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_7'] = x__row__mutmut_7 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_8'] = x__row__mutmut_8 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_9'] = x__row__mutmut_9 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_10'] = x__row__mutmut_10 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_11'] = x__row__mutmut_11 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_12'] = x__row__mutmut_12 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_13'] = x__row__mutmut_13 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_14'] = x__row__mutmut_14 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_15'] = x__row__mutmut_15 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_16'] = x__row__mutmut_16 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_17'] = x__row__mutmut_17 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_18'] = x__row__mutmut_18 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_19'] = x__row__mutmut_19 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_20'] = x__row__mutmut_20 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_21'] = x__row__mutmut_21 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_22'] = x__row__mutmut_22 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_23'] = x__row__mutmut_23 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_24'] = x__row__mutmut_24 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_25'] = x__row__mutmut_25 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_26'] = x__row__mutmut_26 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_27'] = x__row__mutmut_27 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_28'] = x__row__mutmut_28 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_29'] = x__row__mutmut_29 # type: ignore # mutmut generated
mutants_x__row__mutmut['x__row__mutmut_30'] = x__row__mutmut_30 # type: ignore # mutmut generated
