"""The smallest recipe as a driver on a token-protected cluster with a bucket: what it shows, and what it tells nobody.

One real run, looked at from all sides: what a scrape of the metrics returns while it runs, what the job server and
the state API tell about actors, what lies in the run's folder, the bucket and Ray's logs.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.cluster.jobs.protected import Head, protected_head
from tests.cluster.store.s3 import s3_server
from tests.integration.planted import PLANTED, leaking_files, leaks
from tests.pipeline.stages.metric_names import Sample, exported, of_ray, of_the_project, samples, used_names
from tests.repository import DATA, ROOT

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]

RECIPE = DATA / "smallest.toml"
STORE = "s3://bucket/smallest"
TOLD = (
    "/api/v0/actors?detail=true&limit=10000",
    "/api/v0/workers?detail=true&limit=10000",
    "/api/v0/tasks?detail=true&limit=10000",
    "/api/jobs/",
    "/nodes?view=summary",
)


@dataclass
class Observed:
    """What was seen of one run."""

    folder: Path
    logs: Path
    token: str
    output: str = ""
    scraped: set[str] = field(default_factory=set)
    """Names of samples that were returned at some time."""
    ran: set[str] = field(default_factory=set)
    """Stages of which a scrape said that they run."""
    last: list[Sample] = field(default_factory=list)
    told: dict[str, bytes] = field(default_factory=dict)
    """Address -> what Ray's dashboard answered."""
    objects: dict[str, bytes] = field(default_factory=dict)

    def summed(self, name: str, **labels: str) -> float:
        """Over the samples of the last scrape that have these labels."""
        found = [sample for sample in self.last if sample.name == f"ray_chainpref_{name}"]
        return sum(sample.value for sample in found if labels.items() <= sample.labels.items())


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    folder = tmp_path_factory.mktemp("locked")
    with s3_server() as endpoint, protected_head(cpus=4, environment={**PLANTED, **bucket(endpoint)}) as head:
        seen = Observed(folder, head.session / "logs", head.token)
        with (folder / "output.txt").open("w") as output:
            process = start(folder, endpoint, head, output.fileno())
            try:
                while process.poll() is None:
                    look(head, seen)
                    time.sleep(3)
            finally:
                process.kill()
                process.wait()
        seen.output = (folder / "output.txt").read_text()
        assert process.returncode == 0, seen.output
        look(head, seen)
        seen.told = {path: head.get(path) for path in TOLD}
        seen.objects = objects(endpoint)
        yield seen


def start(folder: Path, endpoint: str, head: Head, output: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pipeline", "run", str(RECIPE), "--run", str(folder / "run")]
    environment = {**os.environ, **PLANTED, **bucket(endpoint), **head.credentials}
    return subprocess.Popen(
        [*command, "--set", f"run.store={STORE}"],
        cwd=folder,
        env={**environment, "RAY_ADDRESS": head.gcs, "PYTHONPATH": str(ROOT)},
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def look(head: Head, seen: Observed) -> None:
    scrape = head.scrape()
    seen.scraped |= exported(scrape)
    seen.last = samples(scrape)
    seen.ran |= {one.labels["stage"] for one in seen.last if one.name == "ray_chainpref_stage" and one.value == 1}


def test_no_planted_secret_is_told_or_written(observed: Observed) -> None:
    assert leaking_files([observed.folder, observed.logs]) == {}
    assert {path: hit for path, told in observed.told.items() if (hit := leaks(told))} == {}
    assert {path: hit for path, data in observed.objects.items() if (hit := leaks(data))} == {}
    actors = json.loads(observed.told[TOLD[0]])
    assert actors["data"]["result"]["num_after_truncation"] >= 2  # the hosts, at least
    assert len(list(observed.logs.iterdir())) > 10


def test_the_clusters_token_is_told_and_written_nowhere(observed: Observed) -> None:
    token = observed.token.encode()
    files = (path for folder in (observed.folder, observed.logs) for path in folder.rglob("*") if path.is_file())
    assert [str(path) for path in files if token in path.read_bytes()] == []
    assert [path for path, told in (observed.told | observed.objects).items() if token in told] == []


def test_the_bucket_holds_the_ledgers_and_the_folder_the_rest(observed: Observed) -> None:
    below = {path.split("/")[1] for path in observed.objects}
    assert {"episodes", "groups", "reference", "scores", "plan.json", "recipe.toml"} <= below
    assert not (observed.folder / "run" / "episodes").exists()
    assert (observed.folder / "run" / "report" / "index.html").is_file()


def test_every_metric_on_the_dashboard_and_in_the_alerts_is_really_exported(observed: Observed) -> None:
    missing = {name for name in of_the_project(used_names()) | of_ray(used_names()) if name not in observed.scraped}
    assert missing == set()
    assert {"rollout", "train", "evaluate"} <= observed.ran


def test_the_metrics_say_what_the_ledgers_say(observed: Observed) -> None:
    committed = commits(observed, "scores")
    scores = sum(commit["rows"] for commit in committed)
    assert scores > 0
    data = json.loads(observed.objects["smallest/report/summary.json"])["data"]
    assert observed.summed("episodes_total") == data["episodes"] + scores
    for stage, units in (("rollout", 8), ("groups", 4), ("train", 4 + 4 + 2), ("evaluate", len(committed))):
        assert observed.summed("units_committed_total", stage=stage) == units
    assert observed.summed("units_committed_total", stage="reference") > 0
    assert observed.summed("generated_tokens_total", host="teacher-0") > 0
    # Prompts this short hardly fill a block of the cache, which alone can be shared.
    assert 0 <= observed.summed("cached_prompt_tokens_total") < observed.summed("prompt_tokens_total")
    assert observed.summed("step_seconds_count") >= observed.summed("episodes_total")
    for name in ("hosts_lost_total", "quarantined_rows_total", "retries_total"):
        assert observed.summed(name) == 0


def commits(observed: Observed, prefix: str) -> list[dict[str, Any]]:
    below = f"smallest/{prefix}/commits/"
    return [json.loads(data)["commit"] for path, data in observed.objects.items() if path.startswith(below)]


def bucket(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": PLANTED["AWS_SECRET_ACCESS_KEY"],  # searched for, like the others
        "AWS_REGION": "us-east-1",
    }


def objects(endpoint: str) -> dict[str, bytes]:
    client: Any = boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1"
    )
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="bucket")
    names = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return {name: client.get_object(Bucket="bucket", Key=name)["Body"].read() for name in names}
