"""deploy/observability: what Prometheus and Grafana are given there can be read, and shows only what there is."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from operations.__main__ import Commands, operations
from operations.mesh import ROOT, find_rooms
from tests.drivers.deployment_files import BESIDE, COMPOSE, EXPRESSIONS, OBSERVABILITY, RULES, Plain


def promtool(*arguments: str | Path) -> str:
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_promtool_accepts_the_rules() -> None:
    assert f"SUCCESS: {len(RULES)} rules found" in promtool("check", "rules", OBSERVABILITY / "alerts.yml")


@pytest.mark.parametrize("path", OBSERVABILITY.glob("prometheus-*.yml"), ids=lambda path: path.name)
def test_promtool_accepts_the_configuration(path: Path) -> None:
    assert "is valid prometheus config file syntax" in promtool("check", "config", path)


def test_prometheus_can_read_every_panel_of_the_dashboard(tmp_path: Path) -> None:
    rules = [{"record": f"panel_{number}", "expr": expression.replace("$__rate_interval", "1m")}
             for number, expression in enumerate(EXPRESSIONS)]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"SUCCESS: {len(rules)} rules found" in promtool("check", "rules", tmp_path / "panels.yml")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"].keys() == {"summary", "action"}
    assert all(re.match(r"[A-Z{].*\.$", text) for text in rule["annotations"].values())


def test_a_command_that_an_alert_names_exists() -> None:
    named = {command for rule in RULES for command in re.findall(r"python -m operations (\S+?)[,.; ]", str(rule))}
    assert isinstance(operations, Commands)
    assert named
    assert named <= {*operations.commands, *operations.imported}


def test_prometheus_reads_each_container_that_has_metrics() -> None:
    [job] = yaml.load((OBSERVABILITY / "prometheus-containers.yml").read_text(), Plain)["scrape_configs"]
    [found] = job["dns_sd_configs"]
    assert (found["names"], found["port"]) == (["rooms"], 9464)
    services = yaml.load(COMPOSE.read_text(), Plain)["services"]
    for name in {*find_rooms(ROOT), *BESIDE} - {"migrate"}:
        assert services[name]["networks"] == {"default": {"aliases": ["rooms"]}}
        assert services[name]["environment"]["MARQUEE_METRICS_PORT_EACH"] == "yes"


def test_the_profile_has_the_official_images_and_reads_files_that_exist() -> None:
    services = yaml.load(COMPOSE.read_text(), Plain)["services"]
    asked = {name: each for name, each in services.items() if each.get("profiles") == ["observability"]}
    assert {name: each["image"].partition(":")[0] for name, each in asked.items()} == {
        "prometheus": "prom/prometheus", "grafana": "grafana/grafana", "jaeger": "jaegertracing/all-in-one"}
    mounted = [volume.split(":")[0] for each in asked.values() for volume in each.get("volumes", [])]
    assert all((ROOT / path).exists() for path in mounted if path.startswith("."))
    assert all(port.startswith("127.0.0.1:") for each in asked.values() for port in each["ports"])
