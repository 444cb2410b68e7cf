"""Faults that are planted into our manifests are refused, each by its name: by a schema, by the operator, as a pod."""

import json
from typing import Any

import pytest

from tests.pipeline.k8s.kuberay import refusals
from tests.pipeline.k8s.kubernetes import K8S, documents
from tests.pipeline.k8s.schemas import faults

GONE = object()
JOB = "job/rayjob.yaml"
CLUSTER = "spec.rayClusterSpec"
HEAD, CPU, GPU = (f"{CLUSTER}.{group}" for group in ("headGroupSpec", "workerGroupSpecs.0", "workerGroupSpecs.1"))
POD = "template.spec.containers.0"
POLICIES, CLAIM, BUDGET = "base/network-policies.yaml", "storage/claim.yaml", "base/disruption-budgets.yaml"
MONITOR, ALERTS = "monitoring/pod-monitor.yaml", "monitoring/alerts.yaml"


def planted(file: str, path: str, value: object) -> dict[str, Any]:
    """The file's first document with another value at the path, or without it."""
    whole: dict[str, Any] = json.loads(json.dumps(documents((K8S / file).read_text())[0]))  # no part is shared any more
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    at: Any = whole
    for part in parents:
        at = at[part]
    if value is GONE:
        del at[last]
    else:
        at[last] = value
    return whole


@pytest.mark.parametrize("file", [JOB, "cluster/raycluster.yaml", POLICIES, CLAIM, BUDGET, MONITOR, ALERTS])
def test_nothing_is_refused_as_it_stands(file: str) -> None:
    for document in documents((K8S / file).read_text()):
        assert faults(document) == []
        assert not document["apiVersion"].startswith("ray.io") or refusals(document) == []


@pytest.mark.parametrize(
    ("file", "path", "value", "said"),
    [
        (JOB, "apiVersion", "ray.io/v1alpha1", "no schema is known for ray.io/v1alpha1/RayJob"),
        (JOB, "kind", GONE, "no schema is known for ray.io/v1/None"),
        (JOB, "metadata.name", GONE, "metadata: 'name' is a required property"),
        (JOB, "metadata.label", {}, "metadata: unknown field 'label'"),
        (JOB, "spec.entryPoint", "true", "spec: unknown field 'entryPoint'"),
        (JOB, "spec.entrypoint", ["true"], "spec.entrypoint: ['true'] is not of type 'string'"),
        (JOB, "spec.backoffLimit", "2", "spec.backoffLimit: '2' is not of type 'integer'"),
        (JOB, "spec.backoffLimit", 2.0, "spec.backoffLimit: 2.0 is not of type 'integer'"),
        (JOB, "spec.backoffLimit", 2**31, f"spec.backoffLimit: {2**31} is not a 'int32'"),
        (JOB, "spec.backoffLimit", True, "spec.backoffLimit: True is not of type 'integer'"),
        (JOB, "spec.backoffLimit", None, "spec.backoffLimit: None is not of type 'integer'"),
        (JOB, "spec.managedBy", "me", "the managedBy field value must be either"),
        (JOB, "spec.deletionStrategy", {"onSuccess": {"policy": "DeleteSelf"}}, "requires either BOTH onSuccess"),
        (JOB, f"{CLUSTER}.autoscalerOptions.version", "v3", "'v3' is not one of ['v1', 'v2']"),
        (JOB, f"{CLUSTER}.autoscalerOptions.upscalingMode", "Slow", "'Slow' is not one of"),
        (JOB, f"{CLUSTER}.authOptions.mode", "password", "'password' is not one of"),
        (JOB, f"{HEAD}.template", GONE, "headGroupSpec: 'template' is a required property"),
        (JOB, f"{HEAD}.rayStartParams", "--num-cpus=0", "'--num-cpus=0' is not of type 'object'"),
        (JOB, f"{HEAD}.rayStartParams.num-cpus", 0, "rayStartParams.num-cpus: 0 is not of type 'string'"),
        (JOB, f"{CPU}.groupName", GONE, "workerGroupSpecs.0: 'groupName' is a required property"),
        (JOB, f"{CPU}.replicas", -1.5, "replicas: -1.5 is not of type 'integer'"),
        (JOB, f"{CPU}.template.spec.container", [], "template.spec: unknown field 'container'"),
        (JOB, f"{CPU}.template.metadata.labels.app", 1, "labels.app: 1 is not of type 'string'"),
        (JOB, f"{CPU}.{POD}.name", GONE, "containers.0: 'name' is a required property"),
        (JOB, f"{CPU}.{POD}.resources.requests.memory", "10GB", "'10GB' does not match"),
        (JOB, f"{CPU}.{POD}.resources.requests.memory", "ten", "'ten' does not match"),
        (JOB, f"{CPU}.{POD}.resources.requests.cpu", 1.5, "1.5 is not valid under any of the given schemas"),
        (JOB, f"{CPU}.{POD}.env", [{"name": "A"}, {"name": "A"}], "member 1 has the same keys as another: ['A']"),
        (JOB, f"{CPU}.{POD}.ports", [{"name": "m"}], "ports.0: 'containerPort' is a required property"),
        (JOB, f"{CPU}.{POD}.ports", [{"containerPort": 1}] * 2, "the same keys as another: [1, 'TCP']"),
        (JOB, f"{CPU}.{POD}.volumeMounts", [{"name": "x"}], "does not have the keys ['mountPath']"),
        (POLICIES, "spec.podSelectors", {}, "spec: unknown field 'podSelectors'"),
        (POLICIES, "spec.policyTypes", ["Ingres"], "'Ingres' is not one of ['Ingress', 'Egress']"),
        (POLICIES, "spec.egress.1.ports.0.protocol", "ICMP", "'ICMP' is not one of ['TCP', 'UDP', 'SCTP']"),
        (POLICIES, "spec.egress.1.ports.0.port", 5.3, "5.3 is not valid under any of the given schemas"),
        (POLICIES, "spec.egress.3.to.0.ipBlock.cidr", GONE, "ipBlock: 'cidr' is a required property"),
        (POLICIES, "spec.ingress.0.from.0.podSelector.matchLabel", {}, "unknown field 'matchLabel'"),
        (CLAIM, "spec.accessModes", ["ReadWriteAll"], "'ReadWriteAll' is not one of"),
        (CLAIM, "spec.resources.requests.storage", "2 Ti", "'2 Ti' does not match"),
        (CLAIM, "spec.storageClass", "fast", "spec: unknown field 'storageClass'"),
        (CLAIM, "spec.resources", GONE, "spec: 'resources' is a required property"),
        (BUDGET, "spec.minAvailable", [1], "[1] is not valid under any of the given schemas"),
        (BUDGET, "spec.selector.matchLabels", ["a"], "['a'] is not of type 'object'"),
        (MONITOR, "spec.podMetricsEndpoints.0.interval", "15", "'15' does not match"),
        (MONITOR, "spec.podMetricsEndpoints.0.relabelings.0.source", [], "unknown field 'source'"),
        (ALERTS, "spec.groups.0.rules.0.expr", GONE, "rules.0: 'expr' is a required property"),
        (ALERTS, "spec.groups.1.name", "chainpref", "member 1 has the same keys as another: ['chainpref']"),
    ],
)
def test_a_schema_refuses_it(file: str, path: str, value: object, said: str) -> None:
    assert any(said in fault for fault in faults(planted(file, path, value)))


def rule(policy: str, seconds: int) -> dict[str, Any]:
    return {"policy": policy, "condition": {"jobStatus": "FAILED", "ttlSeconds": seconds}}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("metadata.name", "a" * 48, "has more than 47 characters"),
        ("metadata.name", "1-run", "'1-run' is no DNS-1035 label"),
        ("spec.submissionMode", "Job", "submissionMode 'Job' is unknown"),
        ("spec.submissionMode", "SidecarMode", "SidecarMode takes no submitter"),
        ("spec.submissionMode", "InteractiveMode", "backoffLimit does not go with InteractiveMode"),
        ("spec.shutdownAfterJobFinishes", False, "ttlSecondsAfterFinished needs shutdownAfterJobFinishes"),
        ("spec.ttlSecondsAfterFinished", -1, "ttlSecondsAfterFinished is negative"),
        ("spec.backoffLimit", -1, "backoffLimit is negative"),
        ("spec.activeDeadlineSeconds", 0, "activeDeadlineSeconds is not positive"),
        ("spec.rayClusterSpec", GONE, "neither rayClusterSpec nor clusterSelector is there"),
        ("spec.clusterSelector", {"ray.io/cluster": "x"}, "clusterSelector goes with neither"),
        ("spec.runtimeEnvYAML", "- a", "runtimeEnvYAML is no mapping"),
        ("spec.deletionStrategy", {"deletionRules": [rule("DeleteSelf", 1)]}, "exclude each other"),
        ("spec.deletionStrategy", {"deletionRules": [rule("DeleteSelf", 1)] * 2}, "DeleteSelf stands twice"),
        (
            "spec.deletionStrategy",
            {"deletionRules": [rule("DeleteSelf", 1), rule("DeleteCluster", 2)]},
            "do not rise from workers to cluster to job",
        ),
        ("spec.deletionStrategy", {"deletionRules": [rule("DeleteWorkers", 1)]}, "does not go with autoscaling"),
        (f"{CLUSTER}.rayVersion", GONE, "tokens need Ray 2.52, rayVersion is None"),
        (f"{CLUSTER}.rayVersion", "2.51.9", "tokens need Ray 2.52"),
        (f"{CLUSTER}.networkPolicy", {}, "networkPolicy needs a feature gate that is off"),
        (f"{CPU}.groupName", "gpu", "2 groups are named 'gpu'"),
        (f"{CPU}.minReplicas", 2, "1 replicas, of 2 to 1"),
        (f"{CPU}.replicas", 2, "2 replicas, of 0 to 1"),
        (f"{CPU}.suspend", True, "suspend does not go with autoscaling"),
        (f"{CPU}.resources", {"CPU": "4"}, "resources stand both in rayStartParams and beside them"),
        (f"{HEAD}.rayStartParams.labels", "a=b", "rayStartParams takes no labels"),
        (f"{HEAD}.template.spec.restartPolicy", "Always", "autoscaler v2 needs restartPolicy Never"),
        (f"{HEAD}.template.spec.containers", [], "a group has no container"),
        ("spec.submitterPodTemplate.spec.restartPolicy", "Sometimes", "restartPolicy 'Sometimes' is unknown"),
        (f"{CPU}.{POD}.image", "chainpref", "image 'chainpref' is not pinned"),
        (f"{CPU}.{POD}.image", "r.example:5000/chainpref:latest", "is not pinned"),
        (f"{CPU}.template.spec.volumes", [], "there is no volume 'runs'"),
        (f"{CPU}.{POD}.ports.0.name", "a-very-long-name-of-a-port", "is no name of a port"),
        (f"{CPU}.{POD}.ports.0.containerPort", 70000, "there is no port 70000"),
        (f"{CPU}.{POD}.resources.limits.memory", "9Gi", "asks for 10Gi memory and may have 9Gi"),
        (f"{GPU}.{POD}.resources.limits", {}, "nvidia.com/gpu cannot be overcommitted"),
    ],
)
def test_the_operator_or_the_server_refuses_it(path: str, value: object, said: str) -> None:
    document = planted(JOB, path, value)
    assert any(said in refusal for refusal in refusals(document)), refusals(document)
