"""The manifests: whether Kubernetes would take them, and whether they fit the server."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from origin.admin import make_admin
from origin.config_file import read_config_file
from origin.metrics.catalogue import CATALOGUE
from origin.setting_places import FOLDERS
from origin.settings import PREFIX, Settings, read_settings
from tests.edge.edges import CONFIG, ROOT
from tests.edge.tools import document, documents

FOLDER = CONFIG / "kubernetes"
VERSIONS = (
    "1.28.0",
    "1.37.0",
)  # the oldest that the manifests are for, and the newest with a schema
NOT_APPLIED = {"kustomization.yaml", "prometheus-adapter.yaml"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """As a pod reads them from its mounted files."""
    folders = [tmp_path / "settings", tmp_path / "secrets"]
    for folder, values in zip(folders, (_literals(), _secrets()), strict=True):
        folder.mkdir()
        for name, value in values.items():
            (folder / name).write_text(value)
    shutil.copy(FOLDER / "safelight.toml", folders[0])  # it is mounted beside the settings
    monkeypatch.setenv(FOLDERS, ",".join(map(str, folders)))
    return read_settings()


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_every_manifest(version: str) -> None:
    reason = "expected kubernetes-validate: make setup-dev"
    validator = pytest.importorskip("kubernetes_validate", reason=reason)

    for manifest in _manifests():
        validator.validate(manifest, version, strict=True)


def test_kustomize_finds_all_files() -> None:
    kustomization = document(FOLDER / "kustomization.yaml")

    applied = {path.name for path in FOLDER.glob("*.yaml")} - NOT_APPLIED
    assert set(kustomization["resources"]) == applied
    (generated,) = kustomization["configMapGenerator"]
    assert [name for name in generated["files"] if not (FOLDER / name).exists()] == []
    (image,) = kustomization["images"]
    assert image["name"] == _container()["image"]
    volumes = {volume["name"]: volume for volume in _pod()["volumes"]}
    assert volumes["settings"]["configMap"]["name"] == generated["name"]
    assert volumes["secrets"]["secret"]["secretName"] == _generated_secret()["name"]


def test_the_server_takes_every_setting(settings: Settings) -> None:
    assert settings.drain_seconds == 10
    assert settings.keys
    assert settings.salts
    assert read_config_file(FOLDER / "safelight.toml").presets


def test_settings_are_read_where_they_are_mounted() -> None:
    environment = {each["name"]: each.get("value") for each in _container()["env"]}
    mounted = {each["name"]: each["mountPath"] for each in _container()["volumeMounts"]}

    assert set(environment) <= {PREFIX + name.upper() for name in Settings.model_fields}
    assert environment[FOLDERS] == f"{mounted['settings']},{mounted['secrets']}"
    assert _literals()["SAFELIGHT_CONFIG"] == f"{mounted['settings']}/safelight.toml"
    assert _literals()["SAFELIGHT_CACHE_DISK_DIR"] == mounted["cache"]


def test_probes_and_scrapers_ask_what_there_is() -> None:
    admin = make_admin(lambda: True, metrics=lambda _accept: (b"", ""))
    paths = {getattr(route, "path", "") for route in admin.routes}
    probes = [
        _container()[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")
    ]
    annotations = _deployment()["spec"]["template"]["metadata"]["annotations"]
    ports = {port["name"]: port["containerPort"] for port in _container()["ports"]}

    assert {probe["path"] for probe in probes} | {annotations["prometheus.io/path"]} <= paths
    assert {probe["port"] for probe in probes} == {"admin"}
    fields = Settings.model_fields
    assert ports == {"http": fields["port"].default, "admin": fields["admin_port"].default}
    assert annotations["prometheus.io/port"] == str(ports["admin"])


def test_a_pod_has_the_time_to_end_well(settings: Settings) -> None:
    probe = _container()["readinessProbe"]

    unready = probe["periodSeconds"] * probe["failureThreshold"] + probe["timeoutSeconds"]
    assert settings.drain_seconds > unready
    grace = _pod()["terminationGracePeriodSeconds"]
    assert grace >= settings.drain_seconds + 2 * settings.timeout + 5


def test_a_pod_has_the_room_that_its_settings_take(settings: Settings) -> None:
    (cache,) = [volume["emptyDir"] for volume in _pod()["volumes"] if "emptyDir" in volume]
    limits = _container()["resources"]["limits"]
    workers = int(limits["cpu"])

    assert int(cache["sizeLimit"].removesuffix("Gi")) * 1024 > settings.cache_disk_mb
    memory = workers * settings.max_decode_mb + settings.max_in_hand_mb
    memory += settings.cache_memory_mb + settings.cache_sources_mb
    assert int(limits["memory"].removesuffix("Gi")) * 1024 > memory


def test_a_pod_may_do_as_little_as_the_image_needs() -> None:
    own, pod = _container()["securityContext"], _pod()["securityContext"]

    assert own["readOnlyRootFilesystem"] is True
    assert own["allowPrivilegeEscalation"] is False
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert pod["runAsNonRoot"] is True
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert f"USER {pod['runAsUser']}\n" in (ROOT / "Dockerfile").read_text()


def test_all_mean_the_same_pods() -> None:
    labels = _deployment()["spec"]["template"]["metadata"]["labels"]
    ports = {port["name"] for port in _container()["ports"]}

    for manifest in _manifests():
        spec = manifest.get("spec", {})
        selector = spec.get("podSelector") or spec.get("selector")
        if selector is not None:
            assert selector.get("matchLabels", selector) == labels, manifest["kind"]
    for service in _manifests("Service"):
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    assert [service["spec"].get("clusterIP") for service in _manifests("Service")] == [None, "None"]


def test_there_is_always_more_than_one_origin_and_few_leave_at_once() -> None:
    (scaler,), (budget,) = _manifests("HorizontalPodAutoscaler"), _manifests("PodDisruptionBudget")

    assert scaler["spec"]["minReplicas"] >= 2
    assert scaler["spec"]["scaleTargetRef"]["name"] == _deployment()["metadata"]["name"]
    assert (
        "replicas" not in _deployment()["spec"]
    )  # or every apply would undo the autoscaler's work
    assert budget["spec"]["maxUnavailable"] == 1


def test_the_autoscaler_asks_for_metrics_that_are_exported() -> None:
    (scaler,) = _manifests("HorizontalPodAutoscaler")
    asked = [each["pods"]["metric"] for each in scaler["spec"]["metrics"] if "pods" in each]
    (rule,) = document(FOLDER / "prometheus-adapter.yaml")["rules"]["custom"]
    lanes = CATALOGUE["safelight_admission_wait_seconds"]

    assert {metric["name"] for metric in asked} == {lanes.name}
    assert [metric["selector"]["matchLabels"] for metric in asked] == [
        {label: lane} for label in lanes.labels for lane in ("cheap", "dear")
    ]
    assert rule["seriesQuery"].partition("{")[0] == lanes.name


def test_only_monitoring_reaches_the_admin_port_and_no_pod_the_inside(settings: Settings) -> None:
    (policy,) = _manifests("NetworkPolicy")

    let_in = {
        port["port"]: [each["namespaceSelector"]["matchLabels"] for each in rule["from"]]
        for rule in policy["spec"]["ingress"]
        for port in rule["ports"]
    }
    name = "kubernetes.io/metadata.name"
    assert let_in == {settings.port: [{name: "edge"}], settings.admin_port: [{name: "monitoring"}]}
    (outside,) = [
        peer["ipBlock"]
        for rule in policy["spec"]["egress"]
        for peer in rule["to"]
        if "ipBlock" in peer
    ]
    assert {"10.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16"} <= set(outside["except"])


def _manifests(kind: str = "") -> list[Any]:
    """In the order of their files; all, or those of a kind."""
    files = sorted(path for path in FOLDER.glob("*.yaml") if path.name not in NOT_APPLIED)
    read = [manifest for path in files for manifest in documents(path.read_text())]
    return [manifest for manifest in read if kind in ("", manifest["kind"])]


def _deployment() -> Any:
    (deployment,) = _manifests("Deployment")
    return deployment


def _pod() -> Any:
    return _deployment()["spec"]["template"]["spec"]


def _container() -> Any:
    (container,) = _pod()["containers"]
    return container


def _literals() -> dict[str, str]:
    (generated,) = document(FOLDER / "kustomization.yaml")["configMapGenerator"]
    return dict(each.split("=", 1) for each in generated["literals"])


def _generated_secret() -> Any:
    (generated,) = document(FOLDER / "kustomization.yaml")["secretGenerator"]
    return generated


def _secrets() -> dict[str, str]:
    """Those of the example, which stands for what is not in the tree."""
    (name,) = _generated_secret()["envs"]
    example = (FOLDER / name.replace(".env", ".example.env")).read_text()
    return dict(line.split("=", 1) for line in example.splitlines())
