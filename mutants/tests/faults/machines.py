"""Ray nodes with addresses of their own on one machine: each in a Linux network namespace, all on one switch.

The switch is a bridge in a namespace of its own; nothing outside is touched, and no packet leaves the machine.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.repository import ROOT

_SUBNET = "10.77.0"
_PORT = 6379
_IP = shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or ""


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@dataclass
class Machines:
    """Nodes by name, in the order in which they came: the first one is the head."""

    prefix: str
    folder: str
    """Of Ray's sessions; a short path, because sockets lie below it."""
    environment: Mapping[str, str]
    addresses: dict[str, str] = field(default_factory=dict)
    started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    """Node -> what keeps Ray up there."""
    cpus: dict[str, int] = field(default_factory=dict)

    @property
    def cluster(self) -> str:
        """Where drivers connect."""
        return f"{next(iter(self.addresses.values()))}:{_PORT}"

    def enter(self, name: str) -> list[str]:
        """Before a command: to have it run on that node."""
        return ["nsenter", f"--net=/var/run/netns/{self.prefix}{name}"]

    def plug(self, name: str) -> None:
        """A namespace with a cable to the switch."""
        space, cable = f"{self.prefix}{name}", f"{self.prefix}{name}"
        self.addresses[name] = f"{_SUBNET}.{len(self.addresses) + 1}"
        switch = f"{self.prefix}sw"
        _run(_IP, "netns", "add", space)
        _run(_IP, "-n", switch, "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
        _run(_IP, "-n", switch, "link", "set", cable, "master", "bridge", "up")
        _run(_IP, "-n", space, "address", "add", f"{self.addresses[name]}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            _run(_IP, "-n", space, "link", "set", device, "up")

    def boot(self, name: str, cpus: int) -> None:
        """Start a Ray node there: the head where it is the first, else one that joins. It need not be up yet."""
        self.cpus[name] = cpus
        here = ["--head", f"--port={_PORT}", "--include-dashboard=false", f"--temp-dir={self.folder}"]
        role = here if name == next(iter(self.addresses)) else [f"--address={self.cluster}"]
        ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats", *role]
        limits = [f"--num-cpus={cpus}", "--num-gpus=0", f"--object-store-memory={100 << 20}"]
        with self.log(name).open("wb") as log:
            self.started[name] = subprocess.Popen(
                [*self.enter(name), *ray, f"--node-ip-address={self.addresses[name]}", *limits],
                env=dict(self.environment),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def log(self, name: str) -> Path:
        return Path(self.folder, f"{name}.log")

    def cut(self, name: str) -> None:
        """Pull the cable: packets are lost, nobody is told."""
        _run(_IP, "-n", f"{self.prefix}sw", "link", "set", f"{self.prefix}{name}", "down")

    def mend(self, name: str) -> None:
        """Put the cable back."""
        _run(_IP, "-n", f"{self.prefix}sw", "link", "set", f"{self.prefix}{name}", "up")

    def kill(self, name: str) -> None:
        """End a machine: every process on it, at once."""
        for pid in self.processes(name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if name in self.started:
            self.started.pop(name).wait()

    def processes(self, name: str) -> list[int]:
        return [int(pid) for pid in _run(_IP, "netns", "pids", f"{self.prefix}{name}").split()]

    def runs(self, title: str) -> list[str]:
        """The nodes that have a process whose title begins so."""
        return [name for name in self.addresses if any(_title(pid).startswith(title) for pid in self.processes(name))]


def _title(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.NoSuchProcess:
        return ""


@contextlib.contextmanager
def machines(names: Sequence[str]) -> Iterator[Machines]:
    """Namespaces of these names, unplugged and emptied after use. Skips where none can be made, with the reason."""
    prefix = f"c{uuid.uuid4().hex[:5]}"
    if not _IP or not shutil.which("nsenter"):
        pytest.skip("`ip` and `nsenter` are not there; install iproute2 and util-linux")
    try:
        _run(_IP, "netns", "add", f"{prefix}sw")
        _run(_IP, "-n", f"{prefix}sw", "link", "add", "bridge", "type", "bridge")
    except subprocess.CalledProcessError as error:
        _ignore(_IP, "netns", "del", f"{prefix}sw")
        pytest.skip(f"no network namespaces or bridges can be made here: {error.stderr.strip()}")
    outside = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        environment = outside | {
            "PATH": f"{Path(sys.executable).parent}:{outside['PATH']}",
            "PYTHONPATH": str(ROOT),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": uuid.uuid4().hex * 2,
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_TRAIN_V2_ENABLED": "1",
            # The machine's own name stands for an address that no node has.
            "GLOO_SOCKET_IFNAME": "eth0",
        }
        network = Machines(prefix, folder, environment)
        try:
            _run(_IP, "-n", f"{prefix}sw", "link", "set", "bridge", "up")
            for name in names:
                network.plug(name)
            yield network
        finally:
            for name in network.addresses:
                network.kill(name)
            for name in (*network.addresses, "sw"):
                _ignore(_IP, "netns", "del", f"{prefix}{name}")


def _ignore(*command: str) -> None:
    subprocess.run(command, capture_output=True, check=False, timeout=60)


def alive(network: Machines) -> list[str]:
    """The nodes that the cluster counts as alive, by name."""
    code = "import json, ray; print(json.dumps([n['NodeManagerAddress'] for n in ray.nodes() if n['Alive']]))"
    code = code.replace("print", f"ray.init(address={network.cluster!r}, logging_level='ERROR'); print")
    head = next(iter(network.addresses))
    done = subprocess.run(
        [*network.enter(head), sys.executable, "-c", code],
        env=dict(network.environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return [name for name, address in network.addresses.items() if f'"{address}"' in done.stdout]


def wait_until_alive(network: Machines, *names: str) -> None:
    """Until the cluster counts these nodes as alive; one that did not start is started again."""
    deadline = time.monotonic() + 600
    while not set(names) <= set(alive(network)):
        for name in names:
            if network.started[name].poll() is not None:  # Ray gives a node 30 s to start, which may be few
                assert time.monotonic() < deadline, network.log(name).read_text()[-3000:]
                network.kill(name)
                network.boot(name, network.cpus[name])
        assert time.monotonic() < deadline, f"of {names} only {alive(network)} joined"
        time.sleep(1)
