"""How the code is built, in numbers: `python -m benchmarks.house --json FILE`.

Counted of the five packages, of `benchmarks` and of `tests`: modules a folder, circles of imports (those inside
functions count, too), imports against the order of the packages. Counted of the five packages alone: functions and how
long they are, private functions that are used once in their module, public functions, lines of code (without
docstrings, comments and blank lines) by folder, lines of the longest file.
"""

import argparse
import ast
import io
import json
import statistics
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ORDER = ("cluster", "rollout", "training", "evaluation", "pipeline")
COUNTED = (*ORDER, "benchmarks", "tests")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules(root: Path = ROOT) -> Mapping[str, Path]:
    """Dotted name -> file of every module of the five packages."""
    found = {}
    for package in ORDER:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(name: str, root: Path = ROOT) -> frozenset[str]:
    """Dotted names that a module imports, inside functions, too; those under `if TYPE_CHECKING` do not count."""
    known = modules(root)
    package = name if known[name].name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in _nodes(ast.parse(known[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*base, node.module] if node.module else base)
            names = {f"{module}.{alias.name}" for alias in node.names}
            # `from package import module` needs the module; only other names need what the package's __init__ gathers.
            found |= names if names <= known.keys() else names | {module}
    return frozenset(found)


def circles(root: Path = ROOT) -> list[list[str]]:
    """Every circle of imports once: its modules in the order in which they import each other."""
    known = modules(root)
    found: dict[frozenset[str], list[str]] = {}
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> None:
        if name in trail:
            circle = trail[trail.index(name) :]
            found.setdefault(frozenset(circle), circle)
        elif name not in done:
            for imported in sorted(imports(name, root) & known.keys() - {name}):
                visit(imported, [*trail, name])
            done.add(name)

    for name in known:
        visit(name, [])
    return list(found.values())


def against_the_order(root: Path = ROOT) -> list[str]:
    """`MODULE imports PACKAGE` for every import of a package that stands to the right of the module's own."""
    found = []
    for name in modules(root):
        allowed = ORDER[: ORDER.index(name.split(".")[0]) + 1]
        tops = {imported.split(".")[0] for imported in imports(name, root)} & set(ORDER)
        found += [f"{name} imports {top}" for top in sorted(tops - set(allowed))]
    return found


def modules_by_folder(root: Path = ROOT) -> dict[str, int]:
    """Folder -> its modules, `__init__` left out."""
    paths = (path for package in COUNTED for path in (root / package).rglob("*.py") if path.name != "__init__.py")
    return dict(sorted(Counter(str(path.parent.relative_to(root)) for path in paths).items()))


def lines_of_code(path: Path) -> int:
    """Lines that hold code: no docstrings, comments or blank lines."""
    text = path.read_text()
    texts: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            texts |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    held: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in skipped:
            held |= set(range(token.start[0], token.end[0] + 1))
    return len(held - texts)


def functions(root: Path = ROOT) -> dict[str, Any]:
    """Functions and methods of the five packages: how many, how long, how many private ones are used once."""
    trees = {name: ast.parse(path.read_text()) for name, path in modules(root).items()}
    found = [(name, node) for name, tree in trees.items() for node in ast.walk(tree) if isinstance(node, Function)]
    private = [(name, node) for name, node in found if node.name.startswith("_") and not node.name.startswith("__")]
    uses = {name: _uses(tree) for name, tree in trees.items()}
    once = [f"{name}.{node.name}" for name, node in private if uses[name][node.name] == 1]
    lengths = sorted((node.end_lineno or node.lineno) - node.lineno + 1 for _, node in found)
    public = [node for _, node in found if not node.name.startswith("_")]
    return {
        "functions": len(found),
        "public_functions": len(public),
        "median_lines": statistics.median(lengths),
        "p95_lines": lengths[int(0.95 * len(lengths))],
        "longest_lines": lengths[-1],
        "private_used_once": len(once),
        "share_private_used_once": round(len(once) / len(found), 4),
        "names_private_used_once": sorted(once),
    }


def _uses(tree: ast.Module) -> Counter[str]:
    """How often each name is used in a module. A private name is no other module's business."""
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return Counter(names + [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)])


def measure(root: Path = ROOT) -> dict[str, Any]:
    """All of it; folders as keys."""
    files = {str(path.relative_to(root)): path for path in modules(root).values()}
    code: Counter[str] = Counter()
    for path in files.values():
        code[str(path.parent.relative_to(root))] += lines_of_code(path)
    longest = max(files, key=lambda name: files[name].read_text().count("\n"))
    return {
        "command": "python -m benchmarks.house --json FILE",
        "modules_by_folder": modules_by_folder(root),
        "circles": circles(root),
        "against_the_order": against_the_order(root),
        "longest_file": {"file": longest, "lines": files[longest].read_text().count("\n")},
        "code_lines": sum(code.values()),
        "code_lines_by_folder": dict(sorted(code.items())),
        **functions(root),
    }


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)):
            yield child
            yield from _nodes(child)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--root", type=Path, default=ROOT, help="another checkout to measure")
    arguments = parser.parse_args()
    figures = measure(arguments.root.resolve())
    arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    names = {"names_private_used_once", "modules_by_folder", "code_lines_by_folder"}
    print(json.dumps({key: value for key, value in figures.items() if key not in names}, indent=1))


if __name__ == "__main__":
    main()
