"""deploy/kubernetes renders to manifests that Kubernetes accepts, and that start the mesh that ./run.sh starts."""

import subprocess
from typing import Any

import kubernetes_validate
import pytest
import yaml

from operations.mesh import ROOT, find_rooms, module_of
from tests.drivers.deployment_files import BESIDE, SECRETS, Plain

FOLDER = ROOT / "deploy" / "kubernetes"
VERSIONS = ("1.29", "1.37")    # the oldest and the newest that are tried


def rendered(folder: str) -> list[dict[str, Any]]:
    """What `kubectl apply --kustomize` would send to a cluster."""
    done = subprocess.run(["kubectl", "kustomize", FOLDER / folder], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.load_all(done.stdout, Plain))


MESH, MIGRATION = rendered("."), rendered("migration")
DEPLOYMENTS = {each["metadata"]["labels"]["room"]: each for each in MESH if each["kind"] == "Deployment"}


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    """The manifests of a kind, by the room that they are of."""
    return {each["metadata"]["labels"]["room"]: each for each in MESH if each["kind"] == kind}


def container(manifest: dict[str, Any]) -> dict[str, Any]:
    [only] = manifest["spec"]["template"]["spec"]["containers"]
    return dict(only)


def command_of(room: str) -> str:
    """The command of a room, with its environment filled in as Kubernetes does."""
    label = DEPLOYMENTS[room]["spec"]["template"]["metadata"]["labels"]["room"]
    return " ".join(container(DEPLOYMENTS[room])["command"]).replace("$(ROOM)", label)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", [*MESH, *MIGRATION], ids=lambda each: f"{each['kind']}/{each['metadata']['name']}")
def test_a_manifest_fits_the_published_schema(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_a_field_that_kubernetes_does_not_know_is_noticed() -> None:
    odd = {**MIGRATION[1], "spec": {**MIGRATION[1]["spec"], "backOffLimit": 6}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(odd, VERSIONS[-1], strict=True)


def test_every_room_of_the_tree_is_deployed() -> None:
    assert DEPLOYMENTS.keys() == {*find_rooms(ROOT), *BESIDE - {"migrate"}}
    for room in find_rooms(ROOT):
        assert command_of(room) == f"nameko run --config config.yml {module_of(room)}"


@pytest.mark.parametrize("room", find_rooms(ROOT))
def test_a_room_has_probes_a_budget_and_grows_with_its_load(room: str) -> None:
    assert {"readinessProbe", "livenessProbe", "startupProbe"} <= container(DEPLOYMENTS[room]).keys()
    budget, scaler = of_kind("PodDisruptionBudget")[room], of_kind("HorizontalPodAutoscaler")[room]
    labels = DEPLOYMENTS[room]["spec"]["template"]["metadata"]["labels"]
    assert budget["spec"]["selector"]["matchLabels"] == labels == DEPLOYMENTS[room]["spec"]["selector"]["matchLabels"]
    assert scaler["spec"]["scaleTargetRef"]["name"] == DEPLOYMENTS[room]["metadata"]["name"]
    assert 2 <= scaler["spec"]["minReplicas"] <= scaler["spec"]["maxReplicas"]


@pytest.mark.parametrize("manifest", [*DEPLOYMENTS.values(), MIGRATION[1]], ids=lambda each: each["metadata"]["name"])
def test_a_process_has_no_more_rights_than_it_needs_and_its_secrets_by_reference(manifest: dict[str, Any]) -> None:
    pod = manifest["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
    only = container(manifest)
    assert only["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                       "capabilities": {"drop": ["ALL"]}}
    assert {"secretRef": {"name": "marquee"}} in only["envFrom"]
    assert not [each for each in only.get("env", []) if each["name"] in SECRETS]


def test_a_room_has_accounts_of_its_own_and_only_what_is_no_room_the_operators() -> None:
    for name, deployment in DEPLOYMENTS.items():
        own = f"marquee-{name}" if name in find_rooms(ROOT) else "marquee-operator"
        assert secrets_of(deployment) == {"marquee", own}
    assert secrets_of(MIGRATION[1]) == {"marquee", "marquee-operator"}


def secrets_of(manifest: dict[str, Any]) -> set[str]:
    return {each["secretRef"]["name"] for each in container(manifest)["envFrom"] if "secretRef" in each}


def test_no_manifest_holds_a_secret() -> None:
    assert not [each for each in [*MESH, *MIGRATION] if each["kind"] == "Secret"]
    [settings] = [each["data"] for each in MESH if each["kind"] == "ConfigMap"]
    assert not [name for name in settings if "PASSWORD" in name or "SECRET" in name]


def test_the_settings_are_variables_that_config_yml_reads() -> None:
    [settings] = [each["data"] for each in MESH if each["kind"] == "ConfigMap"]
    config = (ROOT / "config.yml").read_text()
    assert [name for name in settings if f"${{{name}:" not in config] == []
    assert settings["MARQUEE_ENVIRONMENT"] == "production"


def test_the_gateway_alone_is_reached_from_outside() -> None:
    [(room, service)] = of_kind("Service").items()
    assert room == "gateway"
    labels = DEPLOYMENTS["gateway"]["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()


def test_schemas_are_migrated_by_a_job_before_the_rooms_start() -> None:
    [job] = [each for each in MIGRATION if each["kind"] == "Job"]
    assert container(job)["command"][-1] == "python -m operations migrate && python -m operations declare"
    assert not [each for each in MESH if each["kind"] == "Job"]


def test_the_gateway_is_asked_over_http_whether_it_lives() -> None:
    """Its metrics come later: it answers requests as soon as it listens, also while RabbitMQ is away."""
    gateway = container(DEPLOYMENTS["gateway"])
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert gateway[probe]["httpGet"] == {"path": "/health", "port": "http"}
