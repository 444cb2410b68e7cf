"""The manifests under k8s/: rendered by kustomize, refused by nobody, and consistent with each other."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipeline.recipe import load_recipe
from tests.pipeline.k8s.kubernetes import K8S, VALIDATOR, cluster_spec, documents, kustomize, of_kind, pods

OVERLAYS = sorted(path.name for path in (K8S / "overlays").iterdir())
JOBS = [name for name in OVERLAYS if name != "interactive"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_renders_and_no_schema_refuses_it(overlay: str, tmp_path: Path) -> None:
    rendered = tmp_path / f"{overlay}.yaml"
    rendered.write_text(kustomize(K8S / "overlays" / overlay))
    assert {document["metadata"]["namespace"] for document in documents(rendered.read_text())} == {"chainpref"}
    if not VALIDATOR.exists():
        pytest.skip("the KubeRay schemas are not here")
    done = subprocess.run([sys.executable, str(VALIDATOR), str(rendered)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    assert "0 errors, 0 warnings" in done.stdout


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_are_unprivileged_authenticated_and_hold_no_secret(overlay: str) -> None:
    found = documents(kustomize(K8S / "overlays" / overlay))
    assert cluster_spec(found)["authOptions"] == {"mode": "token"}
    assert cluster_spec(found)["rayVersion"] == _locked("ray")
    accounts = {document["metadata"]["name"] for document in of_kind(found, "ServiceAccount")}
    for pod in pods(found):
        security = pod["spec"]["securityContext"]
        assert security["runAsNonRoot"]
        assert security["runAsUser"] > 0
        assert pod["spec"]["restartPolicy"] == "Never"
        assert pod["spec"]["serviceAccountName"] in accounts
        for container in pod["spec"]["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            for variable in container.get("env", []):
                secret = any(word in variable["name"] for word in ("TOKEN", "SECRET", "PASSWORD", "KEY"))
                assert not secret or variable["name"] == "TOKENIZERS_PARALLELISM" or "valueFrom" in variable


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_policies_budgets_and_monitors_select_pods_that_are_there(overlay: str) -> None:
    found = documents(kustomize(K8S / "overlays" / overlay))
    labels = [pod["metadata"]["labels"] for pod in pods(found)]
    selectors = [document["spec"]["podSelector"] for document in of_kind(found, "NetworkPolicy")]
    selectors += [document["spec"]["selector"] for document in of_kind(found, "PodDisruptionBudget")]
    assert len(selectors) == 4
    for selector in selectors:
        assert any(selector["matchLabels"].items() <= label.items() for label in labels), selector
    ports = {port["name"] for pod in pods(found) for c in pod["spec"]["containers"] for port in c.get("ports", [])}
    monitor = yaml.safe_load((K8S / "monitoring" / "pod-monitor.yaml").read_text())
    assert {endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]} <= ports
    (policy,) = [d for d in of_kind(found, "NetworkPolicy") if d["metadata"]["name"].startswith("chainpref-monitoring")]
    assert {port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]} <= ports


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_worker_drains_before_it_is_ended(overlay: str) -> None:
    for group in cluster_spec(documents(kustomize(K8S / "overlays" / overlay)))["workerGroupSpecs"]:
        pod = group["template"]["spec"]
        command, seconds = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
        assert command == "chainpref-drain"
        assert int(seconds) < pod["terminationGracePeriodSeconds"]


def test_jobs_try_again_and_end_their_cluster_in_one_way_only() -> None:
    for overlay in JOBS:
        (job,) = of_kind(documents(kustomize(K8S / "overlays" / overlay)), "RayJob")
        spec = job["spec"]
        assert spec["submissionMode"] == "K8sJobMode"
        assert spec["backoffLimit"] > 0
        assert "activeDeadlineSeconds" not in spec  # it is never tried again after that
        assert ("deletionStrategy" in spec) != spec.get("shutdownAfterJobFinishes", False)


def test_the_cpu_smoke_job_is_make_run() -> None:
    found = documents(kustomize(K8S / "overlays" / "cpu-smoke"))
    (job,) = of_kind(found, "RayJob")
    assert job["spec"]["entrypoint"].startswith("chainpref run /app/recipes/local.toml --run /runs/")
    # Everything that it keeps lies on the claim: below /app the pods' user may write nothing.
    assert load_recipe(K8S.parent / "recipes" / "local.toml").models.cache == ""
    (claim,) = of_kind(found, "PersistentVolumeClaim")
    for pod in list(pods(found))[:-1]:
        assert {"name": "runs", "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}} in pod["spec"][
            "volumes"
        ]
    makefile = (K8S.parent / "Makefile").read_text()
    assert "chainpref run recipes/local.toml" in makefile
    for pod in pods(found):
        for container in pod["spec"]["containers"]:
            assert container["image"].endswith("-cpu")
            assert "nvidia.com/gpu" not in str(container["resources"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_budgets_are_of_a_kind_that_works_for_pods_of_a_ray_cluster(overlay: str) -> None:
    """`maxUnavailable` and percentages need an owner with a scale; a RayCluster has none."""
    for budget in of_kind(documents(kustomize(K8S / "overlays" / overlay)), "PodDisruptionBudget"):
        assert "maxUnavailable" not in budget["spec"]
        assert isinstance(budget["spec"]["minAvailable"], int)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_pods_that_ask_for_gpus_register_any(overlay: str) -> None:
    spec = cluster_spec(documents(kustomize(K8S / "overlays" / overlay)))
    for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"]):
        asked = "nvidia.com/gpu" in str(group["template"]["spec"]["containers"][0]["resources"])
        assert group["rayStartParams"].get("num-gpus") == (None if asked else "0")
    assert "NVIDIA_VISIBLE_DEVICES=all \\" not in (K8S / "image" / "Containerfile").read_text()


def test_ready_made_runs_share_no_object_and_deleting_one_deletes_no_claim() -> None:
    found = {name: documents(kustomize(K8S / "overlays" / name)) for name in ("cpu-smoke", "gpu", "interactive")}
    names = [(document["kind"], document["metadata"]["name"]) for of_one in found.values() for document in of_one]
    assert len(names) == len(set(names))
    (claim,) = documents(kustomize(K8S / "storage"))
    for name in ("gpu", "interactive"):
        assert of_kind(found[name], "PersistentVolumeClaim") == []
        assert f"'claimName': '{claim['metadata']['name']}'" in str(found[name])


def test_workers_of_a_failed_job_stay_as_long_as_its_cluster() -> None:
    (job,) = of_kind(documents(kustomize(K8S / "overlays" / "gpu-keep-failed")), "RayJob")
    kept = max(
        r["condition"]["ttlSeconds"]
        for r in job["spec"]["deletionStrategy"]["deletionRules"]
        if r["policy"] == "DeleteCluster"
    )
    assert job["spec"]["rayClusterSpec"]["autoscalerOptions"]["idleTimeoutSeconds"] > kept


def test_kueue_gets_a_queue_name_a_suspended_job_and_no_autoscaler() -> None:
    (job,) = of_kind(documents(kustomize(K8S / "overlays" / "gpu-kueue")), "RayJob")
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "chainpref"
    assert job["spec"]["suspend"] is True
    assert job["spec"]["shutdownAfterJobFinishes"] is True
    assert job["spec"]["rayClusterSpec"]["enableInTreeAutoscaling"] is False


def test_the_interactive_cluster_has_the_jobs_pods() -> None:
    job = yaml.safe_load((K8S / "job" / "rayjob.yaml").read_text())["spec"]["rayClusterSpec"]
    cluster = yaml.safe_load((K8S / "cluster" / "raycluster.yaml").read_text())["spec"]
    del job["autoscalerOptions"]["idleTimeoutSeconds"], cluster["autoscalerOptions"]["idleTimeoutSeconds"]
    assert cluster == job


def _locked(package: str) -> str:
    lines = (K8S.parent / "requirements" / "gpu.lock").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith((f"{package}==", f"{package}["))]
    return line.split("==")[1].split()[0]
