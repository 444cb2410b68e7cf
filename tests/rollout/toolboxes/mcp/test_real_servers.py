"""Servers of others, from the package index: time zones, and a Git repository."""

import json
import subprocess
from pathlib import Path

import pytest

from rollout.records import ErrorCode
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.mcp.config import McpConfig
from rollout.toolboxes.mcp.naming import with_options
from tests.rollout.toolboxes.mcp.calling import ask

pytestmark = pytest.mark.real


def test_time_zones_are_shared_by_all() -> None:
    box = load_toolbox(with_options("mcp:mcp-server-time --local-timezone UTC", McpConfig(shared=True, start_s=300.0)))
    assert [*box.functions] == ["convert_time", "get_current_time", "finish"]
    session = box.open()
    given = {"source_timezone": "Asia/Tokyo", "time": "12:00", "target_timezone": "Asia/Kathmandu"}
    assert json.loads(ask(session, "convert_time", **given).content)["time_difference"] == "-3.25h"
    refused = ask(session, "convert_time", **{**given, "time": "25:00"})
    assert refused.error is ErrorCode.FUNCTION_RAISED
    assert refused.content.startswith("Error: convert_time: ")
    assert ask(session, "convert_time", **{**given, "time": 12}).error is ErrorCode.MISTYPED_ARGUMENT


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


def test_a_repository_of_which_each_episode_gets_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Ann")
    git(folder, "config", "user.email", "ann@example.com")
    (folder / "letter.txt").write_text("Dear Bob,\n")
    git(folder, "add", "letter.txt")
    git(folder, "commit", "-q", "-m", "Begin a letter")
    (folder / "letter.txt").write_text("Dear Bob,\nthank you.\n")
    options = McpConfig(start_s=300.0, files=str(folder), tools=("git_status", "git_add", "git_commit", "git_log"))
    box = load_toolbox(with_options("mcp:mcp-server-git --repository .", options))
    session = box.open()
    assert "letter.txt" in ask(session, "git_status", repo_path=".").content
    assert ask(session, "git_add", repo_path=".", files=["letter.txt"]).error is None
    made = ask(session, "git_commit", repo_path=".", message="Thank him")
    assert made.error is None, made.content
    assert "Thank him" in ask(session, "git_log", repo_path=".").content
    assert ask(session, "git_log", repo_path="/").error is ErrorCode.FUNCTION_RAISED
    session.close()
    assert git(folder, "log", "--format=%s").split("\n")[0] == "Begin a letter"
    other = box.open()
    assert "Thank him" not in ask(other, "git_log", repo_path=".").content
    other.close()
