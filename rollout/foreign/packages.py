"""Where other people's packages lie, of which nothing is imported here."""

import importlib.util
from pathlib import Path

from cluster.errors import RequestError


def folder_of(package: str) -> Path:
    """The folder of an installed package. Raises RequestError where it is absent."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise RequestError(f"{package}: the package is not installed; run `requirements/install real`")
    return Path(spec.origin).parent
