"""Stores of files: a local folder or a prefix of an S3-compatible bucket, with the same few operations.

The ledger relies on `Store.create`: of any number of writers that race for one name exactly one gets True, and no
reader ever sees half a file. Locally that is a hard link to a synced temporary file; on an object store
it is a PUT with `If-None-Match: *`. Credentials and the endpoint of an object store come from the usual AWS_*
environment variables, never from a recipe.
"""

# Stores have a method `list`: annotations behind it must not be evaluated inside the class.
from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from cluster.errors import CorruptionError, FullDiskError, RequestError, WorkError, first_line
from cluster.store.atomic import TEMPORARY, atomic_file
from cluster.store.digests import file_digest

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG})
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_CONFLICT_PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
"""Between tries to create an object that is refused and is not there."""


class Store(Protocol):
    """A tree of immutable or atomically replaced files. Paths are relative, with "/", without "." and ".."."""

    @property
    def uri(self) -> str:
        """The argument with which `open_store` opens the same store, in another process too."""

    def create(self, path: str, data: bytes) -> bool:
        """Write a file that is not there yet, durably and whole. False when it is there already: first writer wins.

        Raises WorkError on a full disk or a failing store, RequestError when writing is not allowed.
        """

    def replace(self, path: str, data: bytes) -> None:
        """Write a file whole, in place of an older one if there is one. Raises like `create`."""

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises FileNotFoundError when it is not there."""

    def exists(self, path: str) -> bool: ...

    def list(self, prefix: str = "") -> list[str]:
        """Paths of all files in the folder `prefix` and below it, from the store's root, sorted."""

    def local(self, path: str = "") -> Path | None:
        """The file's path on this machine; None on an object store."""

    def probe(self) -> None:
        """Prove that the store can be written and honours create-if-absent. Raises RequestError when it does not.

        It writes one file and removes it again: call it before work begins, not when there is nothing to do.
        """


def open_store(uri: str) -> Store:
    """The store at a local path, a file:// URI or s3://BUCKET/PREFIX. Opening touches nothing."""
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return LocalStore(Path(uri))
    if scheme == "file" and rest.startswith("/"):
        return LocalStore(Path(rest))
    if scheme == "s3" and rest.strip("/"):
        return ObjectStore(uri)
    raise RequestError(f"store {uri!r}: not understood; write a local path or s3://BUCKET/PREFIX")


class LocalStore:
    """A folder of a file system with hard links (ext4, xfs, tmpfs, NFS, ...)."""

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.abspath(root))

    @property
    def uri(self) -> str:
        return str(self._root)

    def create(self, path: str, data: bytes) -> bool:
        return not self._path(path).exists() and self._write(path, data, replace=False)

    def replace(self, path: str, data: bytes) -> None:
        self._write(path, data, replace=True)

    def read(self, path: str) -> bytes:
        final = self._path(path)
        try:
            return final.read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise WorkError(f"cannot read {final}: {error.strerror}") from None

    def exists(self, path: str) -> bool:
        return self._path(path).is_file()

    def list(self, prefix: str = "") -> list[str]:
        found = []
        for folder, folders, names in os.walk(self._path(prefix) if prefix else self._root):
            folders[:] = [name for name in folders if not name.startswith(TEMPORARY)]
            relative = Path(folder).relative_to(self._root).as_posix()
            start = "" if relative == "." else f"{relative}/"
            found += [start + name for name in names if not name.startswith(TEMPORARY)]
        return sorted(found)

    def local(self, path: str = "") -> Path | None:
        return self._path(path) if path else self._root

    def probe(self) -> None:
        _probe(self, lambda path: self._path(path).unlink())

    def _path(self, path: str) -> Path:
        return self._root / _checked(path)

    def _write(self, path: str, data: bytes, *, replace: bool) -> bool:
        """Whether the file was written; False when another writer was first."""
        final = self._path(path)
        try:
            with atomic_file(final, replace=replace) as file:
                file.write(data)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno in _FULL:
                raise FullDiskError(
                    f"cannot write {len(data):,} bytes to {final}: {error.strerror}; make room and run again"
                ) from None
            if error.errno in _REFUSED:
                raise RequestError(
                    f"cannot write to {final.parent}: {error.strerror}; choose a folder that can be written"
                ) from None
            raise WorkError(f"cannot write {final}: {error.strerror}") from None
        return True


class ObjectStore:
    """A prefix of an S3-compatible bucket. Pickles as its URI: each process opens its own connection."""

    def __init__(self, uri: str) -> None:
        self._uri = uri.rstrip("/")
        bucket, _, prefix = self._uri.removeprefix("s3://").partition("/")
        name = next((name for name in _ENDPOINTS if os.environ.get(name)), "")
        endpoint = os.environ.get(name, "")
        # No user and no password: nobody would ask for them, and they would stand in what the client says.
        if endpoint and not re.fullmatch(r"https?://[^/\s?#@]+(/[^\s?#@]*)?", endpoint):
            raise RequestError(
                f"{name}={endpoint}: not an address; write it as https://HOST[:PORT], and keys as AWS_ACCESS_KEY_ID "
                "and AWS_SECRET_ACCESS_KEY"
            )
        try:
            self._store = S3Store(
                bucket,
                prefix=prefix or None,
                # Total time of one request: a shard of some hundred MiB over a slow link takes its time.
                client_options={
                    "timeout": timedelta(minutes=10),
                    "connect_timeout": timedelta(seconds=10),
                    "allow_http": endpoint.startswith("http://"),
                },
                retry_config={"max_retries": 6, "retry_timeout": timedelta(minutes=2)},
            )
        except BaseError as error:
            raise RequestError(f"store {uri}: {_brief(error)}") from None

    def __reduce__(self) -> tuple[type[ObjectStore], tuple[str]]:
        return ObjectStore, (self._uri,)

    @property
    def uri(self) -> str:
        return self._uri

    def create(self, path: str, data: bytes) -> bool:
        with self._faults("write", path):
            for pause_s in (0.0, *_CONFLICT_PAUSES_S):
                time.sleep(pause_s)
                try:
                    # Conditions hold for single requests only, so no multipart upload here.
                    obstore.put(self._store, _checked(path), data, mode="create", use_multipart=False)
                    return True
                except AlreadyExistsError:
                    # 412 when somebody else won; but 409, too, while another's request is under way, and that one may
                    # yet fail. Only a look tells them apart.
                    if self.exists(path):
                        return False
        raise WorkError(
            f"store {self._uri}: {path} cannot be created: the store answers that it conflicts with another writer, "
            "and no object comes; run again"
        )

    def replace(self, path: str, data: bytes) -> None:
        with self._faults("write", path):
            obstore.put(self._store, _checked(path), data, mode="overwrite")

    def read(self, path: str) -> bytes:
        with self._faults("read", path):
            return bytes(obstore.get(self._store, _checked(path)).bytes())

    def exists(self, path: str) -> bool:
        with self._faults("read", path):
            try:
                obstore.head(self._store, _checked(path))
            except FileNotFoundError:
                return False
        return True

    def list(self, prefix: str = "") -> list[str]:
        with self._faults("list", prefix):
            chunks = obstore.list(self._store, prefix=_checked(prefix) if prefix else None)
            paths = [meta["path"] for chunk in chunks for meta in chunk]
        return sorted(path for path in paths if not path.rpartition("/")[2].startswith(TEMPORARY))

    def local(self, path: str = "") -> Path | None:
        return None

    def probe(self) -> None:
        try:
            _probe(self, lambda path: obstore.delete(self._store, path))
        except WorkError as error:
            raise RequestError(f"{error}; check AWS_ENDPOINT_URL, AWS_REGION and the credentials") from None

    @contextlib.contextmanager
    def _faults(self, doing: str, path: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise RequestError(f"store {self._uri}: the bucket does not exist; make it first") from None
            raise FileNotFoundError(errno.ENOENT, "no such object", f"{self._uri}/{path}") from None
        except (PermissionDeniedError, UnauthenticatedError, PermissionError) as error:
            raise RequestError(
                f"store {self._uri}: may not {doing} {path}; check AWS_ACCESS_KEY_ID and the bucket's policy "
                f"({_brief(error)})"
            ) from None
        except (BaseError, OSError) as error:
            raise WorkError(f"store {self._uri}: cannot {doing} {path}: {_brief(error)}") from None


def digest_in(store: Store, path: str, count: Callable[[int], None] = lambda read: None) -> str:
    """SHA-256 of a file in hex. `count` is called with the numbers of bytes read. Raises OSError.

    A local file is read in parts; an object is held whole.
    """
    local = store.local(path)
    if local is not None:
        return file_digest(local, count)
    data = store.read(path)
    count(len(data))
    return hashlib.sha256(data).hexdigest()


def _probe(store: Store, remove: Callable[[str], None]) -> None:
    path, token = f"{TEMPORARY}probe-{uuid.uuid4().hex}", uuid.uuid4().hex.encode()
    try:
        store.create(path, token)  # False where its own answer got lost and the client asked again
        if store.create(path, b"second") or store.read(path) != token:
            raise RequestError(
                f"store {store.uri}: a second writer was not refused; exactly-once commits need create-if-absent "
                "(If-None-Match: *); use another store"
            )
    finally:
        with contextlib.suppress(BaseError, OSError):
            remove(path)


def _checked(path: str) -> str:
    """The path. Raises CorruptionError for one that would leave the store: only a forged record names such a one."""
    if "\0" in path or not all(part not in ("", ".", "..") for part in path.split("/")):
        raise CorruptionError(f"{path!r}: names no file below a run's folder; remove the record that names it")
    return path


def _brief(error: Exception) -> str:
    """The first line of an error of obstore, whose messages go on with a dump of many lines."""
    return re.sub(r"\s+", " ", first_line(error))[:300]
