"""docker-compose.yml starts the mesh that ./run.sh starts."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from operations.mesh import ROOT, find_rooms, module_of
from tests.drivers.deployment_files import BESIDE, COMPOSE, OPERATORS, SECRETS, Plain

SERVERS = {"rabbitmq", "redis", "mariadb"}
MONEY = ("MARQUEE_PAYMENT_PROVIDER", "MARQUEE_PUBLIC_URL")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """All services but those that only run when their profile is asked for."""
    every = yaml.load(COMPOSE.read_text(), Plain)["services"]
    return {name: service for name, service in every.items() if "profiles" not in service}


def test_docker_compose_has_the_rooms_of_the_tree(services: dict[str, Any]) -> None:
    assert sorted(services.keys() - SERVERS - BESIDE) == sorted(find_rooms(ROOT))


@pytest.mark.parametrize("room", find_rooms(ROOT))
def test_a_room_runs_its_own_module_from_our_image(services: dict[str, Any], room: str) -> None:
    assert services[room]["command"] == f"nameko run --config config.yml {module_of(room)}"
    assert services[room]["image"] == "marquee"
    assert services[room]["build"] == "."


@pytest.mark.parametrize("room", find_rooms(ROOT))
def test_a_room_waits_for_the_schemas_and_the_servers(services: dict[str, Any], room: str) -> None:
    assert services[room]["depends_on"] == {
        "migrate": {"condition": "service_completed_successfully"},
        "rabbitmq": {"condition": "service_healthy"},
        "redis": {"condition": "service_healthy"},
    }


def test_every_room_can_be_scaled(services: dict[str, Any]) -> None:
    assert not [name for name, service in services.items() if "container_name" in service]
    assert [name for name, service in services.items() if "ports" in service] == ["gateway"]


def test_docker_compose_runs_in_production_with_required_passwords(services: dict[str, Any]) -> None:
    for name in (*find_rooms(ROOT), *BESIDE):
        settings = services[name]["environment"]
        assert settings["MARQUEE_ENVIRONMENT"] == "production"
        secrets = SECRETS if name in BESIDE else SECRETS - OPERATORS
        assert all(settings[secret].startswith("${" + secret + ":?") for secret in secrets)


@pytest.mark.parametrize("room", find_rooms(ROOT))
def test_a_room_has_accounts_of_its_own_and_not_the_operators(services: dict[str, Any], room: str) -> None:
    assert services[room]["env_file"] == f"accounts/{room}.env"
    assert not OPERATORS & services[room]["environment"].keys()
    mounted = {file.split(":")[0] for server in ("rabbitmq", "mariadb") for file in services[server]["volumes"]}
    assert {"./accounts/definitions.json", "./accounts/accounts.sql"} <= mounted


def test_docker_compose_takes_test_money_only_when_told_to(services: dict[str, Any]) -> None:
    for name in (*find_rooms(ROOT), *BESIDE):
        settings = services[name]["environment"]
        assert all(settings[variable].startswith("${" + variable + ":?") for variable in MONEY)
        assert settings["MARQUEE_ALLOW_TEST_MONEY"] == "${MARQUEE_ALLOW_TEST_MONEY:-no}"


def test_the_servers_in_containers_have_the_same_durability(services: dict[str, Any]) -> None:
    assert "--innodb-flush-log-at-trx-commit=1" in services["mariadb"]["command"]
    redis = " ".join(services["redis"]["command"])
    for promise in ("--maxmemory-policy noeviction", "--appendonly yes", "--appendfsync everysec", "--requirepass"):
        assert promise in redis
    assert services["rabbitmq"]["environment"]["RABBITMQ_DEFAULT_USER"] != "guest"


def compose_command() -> list[str]:
    """docker compose, or the older program of its own; empty when there is neither."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and subprocess.run([*command, "version"], capture_output=True).returncode == 0:
            return command
    return []


@pytest.mark.skipif(not compose_command(), reason="docker compose is not installed")
def test_docker_compose_can_read_the_file(tmp_path: Path) -> None:
    file = shutil.copy(COMPOSE, tmp_path)
    (tmp_path / "accounts").mkdir()
    for room in find_rooms(ROOT):
        (tmp_path / "accounts" / f"{room}.env").touch()
    environment = {**os.environ, **dict.fromkeys((*SECRETS, *MONEY), "secret")}
    done = subprocess.run([*compose_command(), "--file", file, "config", "--quiet"], cwd=Path("/"),
                          env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
