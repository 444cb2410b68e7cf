"""`make mutants`: do the unit tests notice when the core is wrong? Writes docs/results/mutants.json.

mutmut makes every mutant of the functions of `[tool.mutmut] only_mutate` in pyproject.toml (the modules that label,
pair, weigh, store, plan and compare), `--seed` draws `--count` of them, and mutmut runs on each the tests that reach
its function, until one fails. Decorated functions and constants of modules are not mutated. Tests that start an engine
or Ray do not run.

The run is resumed where it was interrupted, as long as code and tests are the same; else it begins anew. Exit status 1:
too few mutants were killed, or too many are judged equivalent (`benchmarks/mutants/equivalent.toml`).
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

from mutmut.configuration import config
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.stats import status_by_exit_code
from mutmut.utils.format_utils import get_mutant_name, orig_function_and_class_names_from_key

from benchmarks.mutants.judging import Mutant, change_of, read_judged, verdict

WORK = Path("mutants")
INPUTS = WORK / "inputs.sha256"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants", description=__doc__)
    parser.add_argument("--json", type=Path, default=Path("docs/results/mutants.json"), help="where the result goes")
    parser.add_argument("--seed", type=int, default=13, help="draws the mutants")
    parser.add_argument("--count", type=int, default=1600, help="how many are drawn; 0: all there are")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="mutants at a time")
    given = parser.parse_args()
    begun = time.monotonic()
    _begin_anew_after_a_change()
    everything = population(config().only_mutate)
    drawn = draw(everything, given.seed, given.count)
    if outstanding := [name for name in drawn if results([everything[name]]).get(name) is None]:
        command = [str(Path(sys.executable).with_name("mutmut")), "run", "--max-children", str(given.workers)]
        # One thread a worker: torch's own threads would wait for each other.
        subprocess.run([*command, *outstanding], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    codes = results(sorted({everything[name] for name in drawn}))
    mutants = [
        Mutant(
            change_of(function_of(name), get_diff_for_mutant(name, path=everything[name])),
            status_by_exit_code[codes[name]],
        )
        for name in drawn
    ]
    arguments = f"--seed {given.seed} --count {given.count}"
    head = {"command": f"python -m benchmarks.mutants {arguments}", "seed": given.seed, "of": len(everything)}
    found = verdict(mutants, read_judged())
    given.json.write_text(json.dumps(head | found, indent=1, ensure_ascii=False) + "\n")
    print(
        f"{found['mutants']:,} of {len(everything):,} mutants: {found['killed']:,} killed "
        f"({found['share_killed']:.1%} of those not equivalent; {found['killed_by_timeout']} by their time), "
        f"{found['equivalent']:,} equivalent, {found['survived']:,} survived; "
        f"{len(outstanding):,} ran in {(time.monotonic() - begun) / 60:.0f} minutes; {given.json}"
    )
    for fault in found["faults"]:
        print(f"fault: {fault}", file=sys.stderr)
    return 1 if found["faults"] else 0


def population(modules: list[str]) -> dict[str, str]:
    """All mutants of the modules, by mutmut's names, with the modules' paths; in the order of the code."""
    found = {}
    for path in modules:
        for name in mutate_file_contents(path, Path(path).read_text()).mutant_names:
            found[get_mutant_name(Path(path), name)] = path
    return found


def draw(mutants: dict[str, str], seed: int, count: int) -> list[str]:
    """`count` of the mutants (0: all), each as likely as any other, in the order of the code."""
    names = list(mutants)
    taken = set(random.Random(seed).sample(names, count)) if 0 < count < len(names) else set(names)
    return [name for name in names if name in taken]


def results(modules: list[str]) -> dict[str, int | None]:
    """Exit codes of pytest by mutant, as far as they are known."""
    found: dict[str, int | None] = defaultdict(lambda: None)
    for path in modules:
        data = SourceFileMutationData(path=path)
        data.load()
        found |= data.exit_code_by_key
    return found


def function_of(mutant: str) -> str:
    """The dotted name of the function that a mutant changes."""
    function, of_class = orig_function_and_class_names_from_key(mutant)
    module = mutant.rpartition(".")[0]
    return f"{module}.{of_class}.{function}" if of_class else f"{module}.{function}"


def _begin_anew_after_a_change() -> None:
    """mutmut keeps results although tests have changed: remove its work where anything tracked is not as it was."""
    listed = subprocess.run(["git", "ls-files", "-z", "*.py", "*.toml", "tests"], capture_output=True, check=True)
    digest = hashlib.sha256()
    for name in sorted(filter(None, listed.stdout.decode().split("\0"))):
        if Path(name).is_file() and not name.startswith("benchmarks/mutants/"):
            digest.update(name.encode() + b"\0" + hashlib.sha256(Path(name).read_bytes()).digest())
    if not INPUTS.is_file() or INPUTS.read_text() != digest.hexdigest():
        shutil.rmtree(WORK, ignore_errors=True)
        WORK.mkdir()
        INPUTS.write_text(digest.hexdigest())


if __name__ == "__main__":
    sys.exit(main())
