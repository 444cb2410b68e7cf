"""The package of a job: a folder's files as one small archive, the same bytes for the same files.

It leaves out what `.gitignore` and `.rayignore` name (as `ray job submit --working-dir` does), version control, virtual
environments, caches, folders of runs, and weights and shards, which belong on storage that all nodes share.

A link is sent as the file that it leads to, if that file is sent under its own name, too. So no link takes along what
lies outside the folder, is hidden or ignored. Links to folders are not followed. The links that stay here are named.
"""

import io
import logging
import os
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from cluster.errors import RequestError, first_line

FOLDERS = (".*", "__pycache__", "venv", "node_modules", "runs", "*.egg-info", "sbom")
"""Names of folders that are never sent."""
FILES = ("*.safetensors", "*.arrow", "*.bin", "*.pt", "*.pth", "*.ckpt", "*.gguf", "*.pyc", "*.log", ".*")
"""Names of files that are never sent; hidden ones, because they often hold secrets."""
LIMIT_BYTES = 200 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)


class _Rules(NamedTuple):
    """What the ignore files of one folder say."""

    ignores: Callable[[Path], bool]
    keeps: bool
    """Whether a line keeps what another one leaves out."""


class Sent(NamedTuple):
    """What is sent of a folder."""

    files: dict[str, Path]
    """Path in the archive -> file, sorted."""
    left_out: tuple[str, ...]
    """The links that are not sent, each with the reason."""


def files_to_send(folder: Path, only: Sequence[str] = ()) -> Sent:
    """The files of a folder. `only`: the folders below `folder` that are sent; () for all of it.

    Raises RequestError when there is no such folder, when its files together are too large to be sent, or when a name
    or an ignore file cannot be read as UTF-8.
    """
    folder = folder.absolute()
    if not folder.is_dir():
        raise RequestError(f"--working-dir {folder}: is no folder; name the one whose files the job needs")
    starts = [folder / name for name in only] or [folder]
    found: dict[str, Path] = {}
    sizes: Counter[str] = Counter()
    walked = [path for start in starts for path in _walk(start, ())]
    files = {path.resolve() for path in walked if not path.is_symlink()}
    left_out = []
    for path in walked:
        name = path.relative_to(folder).as_posix()
        if any("\ud800" <= one <= "\udfff" for one in name):
            raise RequestError(f"--working-dir {folder}: {name!r} is no name in UTF-8; rename it, or leave it out")
        if path.is_symlink():
            if why := _why_not(path, folder.resolve(), files):
                left_out.append(f"{name}: {why}")
                continue
            path = path.resolve()
        found[name] = path
        sizes[name.split("/", 1)[0]] += path.stat().st_size
        if sizes.total() > LIMIT_BYTES:
            raise RequestError(
                f"--working-dir {folder}: more than {LIMIT_BYTES >> 20} MiB would be sent, most of it of "
                f"{sizes.most_common(1)[0][0]}; leave it out with a .rayignore, or put it on storage that all nodes see"
            )
    return Sent(dict(sorted(found.items())), tuple(left_out))


def archive(files: Mapping[str, Path], extra: Mapping[str, bytes]) -> bytes:
    """A zip archive of `files` and of `extra` (path -> content), which win over files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted({*files, *extra}):
            content = extra[name] if name in extra else files[name].read_bytes()
            executable = name not in extra and os.access(files[name], os.X_OK)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return buffer.getvalue()


def _why_not(link: Path, folder: Path, files: Collection[Path]) -> str:
    """Why a link is not sent; "" when it is. `files`: those that are sent."""
    if link.is_dir():
        return "a link to a folder, which is not followed"
    if not link.is_file():
        return "a link to no file"
    target = link.resolve()
    if target in files:
        return ""
    if not target.is_relative_to(folder):
        return f"a link out of the folder, to {target}"
    return f"a link to {target.relative_to(folder).as_posix()}, which is not sent"


def _walk(folder: Path, ignored: tuple[_Rules, ...]) -> Iterator[Path]:
    """The files below a folder, and the links, that no rule and no name leaves out."""
    ignored = (*ignored, *_ignore_files(folder))
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            # A file below it is asked for: "runs/" in a .gitignore speaks of what lies below. Where a line such as
            # "!data/keep.jsonl" may keep one of them, each file is asked for by itself.
            out = any(rule.ignores(entry / "x") for rule in ignored if not rule.keeps)
            if not (out or _named(entry, FOLDERS)):
                yield from _walk(entry, ignored)
        elif not (entry.is_symlink() or entry.is_file()):
            continue  # a pipe, a socket
        elif not _named(entry, FILES if not entry.is_dir() else FOLDERS):
            below = entry / "x" if entry.is_dir() else entry
            if not any(rule.ignores(entry) or rule.ignores(below) for rule in ignored):
                yield entry


def _ignore_files(folder: Path) -> list[_Rules]:
    files = [folder / name for name in (".gitignore", ".rayignore") if (folder / name).is_file()]
    if not files:
        return []
    # Ray reads them, so that both ways of submitting leave out the same files.
    from ray._private.runtime_env.packaging import get_excludes_from_ignore_files

    silent = logging.Logger("ignore files", logging.CRITICAL)  # Ray logs which files it read
    try:
        keeps = any(line.startswith("!") for file in files for line in file.read_text().splitlines())
        rules = get_excludes_from_ignore_files(folder, include_gitignore=True, logger=silent)
    except ValueError as error:  # UnicodeDecodeError is one, and so is a pattern that is none
        names = " or ".join(file.name for file in files)
        raise RequestError(f"--working-dir: {folder}: {names} is not read: {first_line(error)}; mend it") from None
    return [_Rules(rule, keeps) for rule in rules]


def _named(path: Path, patterns: Sequence[str]) -> bool:
    return any(fnmatch(path.name, pattern) for pattern in patterns)
