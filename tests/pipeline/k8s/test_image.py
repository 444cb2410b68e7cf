"""The image cannot be built in a test; what can be read off its files is checked."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.pipeline.k8s.kubernetes import K8S, ROOT

CONTAINERFILE = K8S / "image" / "Containerfile"
DIGEST = "sha256:" + "5" * 64


def _instructions() -> list[tuple[str, str]]:
    text = re.sub(r"(?m)^\s*#.*\n", "", CONTAINERFILE.read_text()).replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def test_every_copied_path_is_there_and_let_into_the_context() -> None:
    allowed = (K8S / "image" / "Containerfile.dockerignore").read_text().splitlines()
    stages = {words.split()[-1] for word, words in _instructions() if word == "FROM"}
    for word, words in _instructions():
        if word != "COPY":
            continue
        *sources, _ = [part for part in words.split() if not part.startswith("--")]
        if origin := re.search(r"--from=(\S+)", words):
            assert origin[1] in stages
            continue
        for source in sources:
            assert (ROOT / source).exists(), source
            assert f"!{source.split('/')[0]}" in allowed, source


def test_the_image_is_pinned_by_digest_ends_unprivileged_and_fetches_no_url() -> None:
    found = _instructions()
    bases = [words for word, words in found if word == "FROM"]
    assert len(bases) == 2
    assert all(base.startswith("${BASE}@${BASE_DIGEST} AS ") for base in bases)
    assert [words for word, words in found if word == "USER"][-1] == "1000:1000"
    assert not [word for word, _ in found if word == "ADD"]
    assert not [words for _, words in found if "://" in words]


def test_the_users_of_image_and_pods_are_the_same() -> None:
    assert "runAsUser: 1000" in (K8S / "job" / "rayjob.yaml").read_text()


def test_nccl_finds_the_verbs_of_an_rdma_device() -> None:
    runtime = CONTAINERFILE.read_text().split(" AS runtime")[1]
    for package in ("libibverbs1", "ibverbs-providers"):
        assert f" {package} " in runtime.split("apt-get install")[1].split("&&")[0]


def test_commands_that_pods_name_are_linked_into_the_image() -> None:
    text = CONTAINERFILE.read_text()
    assert "ln -s /app/k8s/image/drain /usr/local/bin/chainpref-drain" in text
    for script in ("build", "resolve-base", "drain"):
        assert os.access(K8S / "image" / script, os.X_OK), script


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [(DIGEST, 0, DIGEST), ("unauthorized", 1, "the answer is no digest"), ("", 1, "the answer is no digest")],
)
def test_the_base_is_resolved_with_the_tool_that_is_there(answer: str, status: int, said: str, tmp_path: Path) -> None:
    tool = tmp_path / "crane"
    tool.write_text(f'#!/bin/sh\n[ "$1 $2" = "digest python:3.11-slim" ] && echo "{answer}"\n')
    tool.chmod(0o755)
    done = subprocess.run(
        [str(K8S / "image" / "resolve-base"), "python:3.11-slim"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == status
    assert said in done.stdout + done.stderr


def test_podman_is_asked_where_nothing_else_is_there(tmp_path: Path) -> None:
    for program in ("bash", "env", "sh"):
        found = shutil.which(program)
        assert found is not None
        (tmp_path / program).symlink_to(found)
    tool = tmp_path / "podman"
    tool.write_text(
        f'#!/bin/sh\n[ "$1 $2" = "pull --quiet" ] && exit\n[ "$1 $2" = "image inspect" ] && echo {DIGEST}\n'
    )
    tool.chmod(0o755)
    command = [str(K8S / "image" / "resolve-base"), "python:3.11-slim"]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout.strip()) == (0, DIGEST), done.stderr


def test_building_hands_digest_and_variant_on(tmp_path: Path) -> None:
    for name, text in (("crane", f"echo {DIGEST}"), ("docker", 'echo "$@"')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    script = str(K8S / "image" / "build")
    done = subprocess.run([script, "gpu"], env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert f"--build-arg BASE_DIGEST={DIGEST}" in done.stdout
    assert "--build-arg VARIANT=gpu" in done.stdout
    refused = subprocess.run([script, "tpu"], env=environment, capture_output=True, text=True, timeout=30)
    assert refused.returncode == 2
