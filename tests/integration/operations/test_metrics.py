"""The metrics of a running mesh, as Prometheus reads them."""

import json
import re
import secrets
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from operations.mesh import find_rooms
from services.foundation.metrics.instruments import VERBS
from testbed.mesh import ROOT, Mesh, free_ports, wait_until
from tests.drivers.deployment_files import EXPRESSIONS, OBSERVABILITY, RULES
from tests.drivers.scrapes import samples

at_full_size = pytest.mark.full_size("integration/operations/test_metrics.py", "unit/operations/test_metrics.py")

OURS = re.compile(r"\bmarquee_\w+")
TEMPLATE = re.compile(r"/|(/[a-z_.]+|/\{[a-z_]+\})+|unknown|malformed|refused")


def address(mesh: Mesh) -> str:
    return f"127.0.0.1:{mesh.environment['MARQUEE_METRICS_PORT']}"


def scrape(mesh: Mesh) -> str:
    return requests.get(f"http://{address(mesh)}/metrics", timeout=10).text


def family(name: str) -> str:
    return re.sub(r"_(bucket|sum|count)$", "", name)


def names(text: str) -> set[str]:
    """The metrics of ours that a scrape has, with samples or without."""
    return {line.split(" ")[2] for line in text.splitlines() if line.startswith("# HELP marquee_")}


def silent(text: str) -> list[Any]:
    """The processes and sources that did not answer."""
    return [labels for (name, labels), up in samples(text).items()
            if name in ("marquee_process_up", "marquee_measurement_up") and not up]


def whole_scrape(mesh: Mesh) -> str:
    """A scrape in which all have answered in time."""
    return str(wait_until(lambda: None if silent(text := scrape(mesh)) else text, what="a scrape of everything"))


@pytest.fixture(scope="module")
def sold(mesh: Mesh) -> str:
    """A scrape after a purchase of two seats of which one was given back, and a login that was refused."""
    token, screening = mesh.buyer(), mesh.fresh_screening(180)
    seats = list(mesh.seats(screening))[:2]
    order = mesh.post("/order/buy", token, screening_id=screening, seats=seats).json()["order_id"]
    assert mesh.post("/order/pay", token, order_id=order, method="sandbox").status_code == 200
    assert mesh.post("/order/refund", token, order_id=order, seats=seats[:1]).status_code == 200
    assert mesh.post("/user/login", username="nobody", password="wrong").status_code == 401
    return whole_scrape(mesh)


def test_a_purchase_is_counted_on_its_way(sold: str) -> None:
    found = samples(sold)

    def value(name: str, **labels: str) -> float:
        return sum(value for (its_name, its), value in found.items()
                   if its_name == name and labels.items() <= dict(its).items())

    assert value("marquee_http_requests_total", method="POST", route="/order/buy", status="200") >= 1
    assert value("marquee_calls_total", process="order", room="order", method="buy", outcome="ok") >= 1
    assert value("marquee_call_duration_seconds_count", room="order", method="buy") >= 1
    assert value("marquee_calls_total", room="user", method="login", outcome="login_failed") >= 1
    for server in ("mariadb", "redis", "rabbitmq"):
        assert value("marquee_connections", room="order", server=server) >= 1
    assert value("marquee_seats_sold_total") >= 2
    assert value("marquee_seats_refunded_total") >= 1
    assert value("marquee_captured_minor_units_total") > value("marquee_refunded_minor_units_total") > 0
    assert value("marquee_orders", state="part_refunded") >= 1
    assert value("marquee_upcoming_screenings") > 0
    assert {dict(labels)["process"] for name, labels in found if name == "marquee_process_up"} == {
        *find_rooms(ROOT), "auditor"}


def test_promtool_finds_nothing_to_improve(sold: str) -> None:
    done = subprocess.run(["promtool", "check", "metrics"], input=sold, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_alerts_and_dashboard_show_metrics_that_there_are(sold: str) -> None:
    asked = {family(name) for text in [json.dumps(RULES), *EXPRESSIONS] for name in OURS.findall(text)}
    assert asked
    assert asked <= names(sold)


def test_readme_has_a_row_for_each_metric(sold: str) -> None:
    rows = re.findall(r"^\| (`marquee_.*?) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert sorted(OURS.findall(" ".join(rows))) == sorted(names(sold))


def odd_requests(mesh: Mesh) -> None:
    """Addresses, verbs and names that nobody could foresee."""
    for number in range(8):
        odd = secrets.token_hex(8)
        for path in (f"/{odd}", f"/film/{odd}", f"/order/{odd}/{odd}", f"/live/{odd}", f"/payment/webhook/{odd}",
                     f"/payment/sandbox/{odd}", f"/web/{odd}.js", f"/kitchen/get_menu?cinema_id={odd}"):
            mesh.http.request(f"X{odd[:4]}" if number % 4 == 0 else "GET", mesh.url + path, timeout=30,
                              headers={"Accept": "text/html"} if number % 2 else {})
    mesh.post("/user/login", username=odd, password=odd)


@at_full_size
def test_a_storm_of_odd_requests_makes_no_new_series(mesh: Mesh) -> None:
    odd_requests(mesh)
    before = samples(whole_scrape(mesh))
    odd_requests(mesh)
    after = samples(whole_scrape(mesh))

    def of_requests(found: dict[Any, float]) -> set[Any]:
        return {(name, labels) for name, labels in found if name.startswith(("marquee_http", "marquee_call"))}

    assert of_requests(after) == of_requests(before)
    for _, labels in of_requests(after):
        assert TEMPLATE.fullmatch(dict(labels).get("route", "/")), labels
    verbs = {dict(labels)["method"] for name, labels in after if name == "marquee_http_requests_total"}
    assert verbs <= VERBS | {"other"}


@at_full_size
def test_a_scrape_does_not_wait_for_a_server_that_hangs(mesh: Mesh) -> None:
    with mesh.paused("mariadb"):
        found = wait_until(lambda: (now := samples(scrape(mesh)))["marquee_measurement_up", (("source", "order"),)] == 0
                           and now, what="a scrape without the orders")
        assert not [name for name, _ in found if name == "marquee_orders"]
        assert found["marquee_measurement_up", (("source", "rabbitmq"),)] == 1
        assert found["marquee_process_up", (("process", "order"),)] == 1
    wait_until(lambda: samples(scrape(mesh)).get(("marquee_measurement_up", (("source", "order"),))), what="the orders")


@pytest.fixture(scope="module")
def prometheus(mesh: Mesh, sold: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus that reads the mesh by our configuration, once a second."""
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "alerts.yml").write_bytes((OBSERVABILITY / "alerts.yml").read_bytes())
    configuration = (OBSERVABILITY / "prometheus-machine.yml").read_text().replace("127.0.0.1:9464", address(mesh))
    (folder / "prometheus.yml").write_text(re.sub(r"scrape_(interval|timeout): \d+s", r"scrape_\1: 1s", configuration))
    [port] = free_ports(1)
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(20)


def query(prometheus: str, expression: str) -> list[dict[str, Any]]:
    try:
        answer = requests.get(f"{prometheus}/api/v1/query", params={"query": expression}, timeout=5)
    except requests.ConnectionError:
        return []
    return list(answer.json()["data"]["result"]) if answer.ok else []


def test_prometheus_reads_the_mesh_and_every_alert_and_panel(prometheus: str) -> None:
    bought = 'marquee_calls_total{room="order",method="buy",outcome="ok"}'
    [sample] = wait_until(lambda: query(prometheus, bought), what="a purchase in Prometheus")
    assert sample["metric"]["process"] == "order"
    assert float(sample["value"][1]) >= 1
    assert [each["value"][1] for each in query(prometheus, 'up{job="marquee"}')] == ["1"]
    for expression in [*EXPRESSIONS, *(rule["expr"] for rule in RULES)]:
        answer = requests.get(f"{prometheus}/api/v1/query", timeout=5,
                              params={"query": expression.replace("$__rate_interval", "1m")})
        assert answer.json()["status"] == "success", expression
    groups = requests.get(f"{prometheus}/api/v1/rules", timeout=5).json()["data"]["groups"]
    assert {rule["name"] for group in groups for rule in group["rules"]} == {rule["alert"] for rule in RULES}
