"""A shard that was crafted with wrong offsets, lengths or indices, and whose hashes fit, ends no reader's process."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.repository import ROOT

COUNT = 216


def test_crafted_shards_are_named_and_end_nobody(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", "tests.rollout.data.crafted", str(tmp_path), str(COUNT)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode == 0, (told[-1:], done.stderr[-3000:])
    assert len(told) == COUNT
    refused = [one for one in told if "error" in one]
    for one in refused:
        assert f"/{one['seed']}-{one['kind']}/" in one["error"], "the shard is named"
        assert "\n" not in one["error"]
    # A word that is no offset after all, or a token's id, may be changed without harm; most are not.
    assert len(refused) > COUNT / 2
    by_kind = Counter(one["kind"] for one in refused)
    assert len(by_kind) == 9, by_kind
