"""What a run with ranks listens on: docs/security.md lists it, and ranks of one node listen on loopback alone."""

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.repository import ROOT

pytestmark = pytest.mark.engine

PROGRAM = """
    import json, os, sys
    import psutil, ray
    from cluster.jobs.session import ray_session
    from pathlib import Path

    def listening(process):
        return [(each.laddr.ip, each.laddr.port) for each in process.net_connections("inet") if each.status == "LISTEN"]

    def rank(settings):
        import torch
        import torch.distributed as dist
        before = torch.ones(3)
        dist.all_reduce(before)
        dist.all_reduce(before, group=dist.new_group())
        told = {"pid": os.getpid(), "sum": before.tolist(), "sockets": listening(psutil.Process())}
        Path(settings["folder"], os.environ["RANK"]).write_text(json.dumps(told))
        dist.barrier()
        if os.environ["RANK"] == "0":
            driver = psutil.Process(settings["driver"])
            found = [["driver" if each == driver else " ".join(each.cmdline()[:4])[-200:], address, port]
                for each in (driver, *driver.children(recursive=True)) for address, port in listening(each)]
            Path(settings["folder"], "all").write_text(json.dumps(found))
        dist.barrier()

    def main():
        from ray.train import RunConfig, ScalingConfig
        from ray.train.torch import TorchTrainer
        from training.ranks.loopback import LoopbackTorchConfig
        folder = sys.argv[1]
        with ray_session("", 3, Path(folder, "logs"), False):
            TorchTrainer(
                rank, train_loop_config={"folder": folder, "driver": os.getpid()},
                torch_config=LoopbackTorchConfig(backend="gloo"), scaling_config=ScalingConfig(num_workers=2),
                run_config=RunConfig(storage_path=folder),
            ).fit()

    main()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two ranks on a Ray session of this machine told of their sockets, and of all processes' sockets."""
    folder = tmp_path_factory.mktemp("ranks")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (folder / "all").is_file(), done.stderr[-3000:]
    return folder


def test_ranks_of_one_node_listen_on_loopback_alone(folder: Path) -> None:
    for name in ("0", "1"):
        told = json.loads((folder / name).read_text())
        assert told["sum"] == [4.0] * 3, "the ranks reach each other"
        outside = [address for address, _ in told["sockets"] if address != "127.0.0.1"]
        assert outside == ["::"], "Ray's own, which asks for the token"


def rows() -> list[tuple[str, str]]:
    """The table of docs/security.md: the word that stands in a process's command, and where it listens."""
    text = (ROOT / "docs" / "security.md").read_text()
    table = text[text.index("| process | listens at |") :].partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.split("|")[1:3]] for line in table]
    return [(word, where) for process, where in cells for word in re.findall(r"`([^`]+)`", process)]


def test_every_listening_socket_of_the_run_stands_in_the_document(folder: Path) -> None:
    found = json.loads((folder / "all").read_text())
    assert len(found) > 10
    places = {"::": "every interface", "0.0.0.0": "every interface", "127.0.0.1": "loopback", "::1": "loopback"}
    for command, address, port in found:
        where = places.get(address, "the node's address")
        assert any(word in command and where in listed for word, listed in rows()), (command, address, port)
