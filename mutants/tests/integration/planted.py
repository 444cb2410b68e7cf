"""Twenty secrets as they lie in people's environments, and where they turned up afterwards."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

NAMES = (
    "ANTHROPIC_API_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_CLIENT_SECRET",
    "AZURE_STORAGE_KEY",
    "CHAINPREF_PASSWORD",
    "DATABASE_URL",
    "DOCKER_PASSWORD",
    "GEMINI_API_KEY",
    "GITHUB_TOKEN",
    "GOOGLE_API_KEY",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "KAGGLE_KEY",
    "MLFLOW_TRACKING_PASSWORD",
    "NPM_TOKEN",
    "OPENAI_API_KEY",
    "SLACK_TOKEN",
    "SSH_PRIVATE_KEY",
    "WANDB_API_KEY",
)
PLANTED = {name: "planted" + hashlib.sha256(name.encode()).hexdigest()[:24] for name in NAMES}
assert len(PLANTED) == 20


def leaks(data: bytes) -> list[str]:
    """The names of the planted secrets whose values stand in `data`."""
    if b"planted" not in data:
        return []
    return [name for name, value in PLANTED.items() if value.encode() in data]


def leaking_files(folders: Iterable[Path]) -> dict[str, list[str]]:
    """Path -> secrets in it, over every file below the folders. Links are not followed."""
    found = {}
    for folder in folders:
        for where, _, names in os.walk(folder):
            for name in names:
                path = Path(where) / name
                if path.is_file() and not path.is_symlink() and (hit := leaks(path.read_bytes())):
                    found[str(path)] = hit
    return found
