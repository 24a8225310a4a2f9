"""The rights of the rooms' accounts follow from the rooms' code."""

import re
from pathlib import Path

import pytest

from operations.accounts import broker_rights, passwords
from operations.accounts.contracts import contract_of
from operations.mesh import ROOT, Mesh
from schemas import catalogue
from services.foundation.amqp.announcements import AnnouncementHandler
from services.foundation.amqp.presence import PresenceHandler
from services.foundation.events.consumers import EventHandler
from tests.contracts.rooms import calls, entrypoints, service_classes

ROOMS = sorted(service_classes())


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_read_from_the_source_is_what_the_running_code_does(room: str) -> None:
    found, handlers = contract_of(room, ROOT), [each for _, each in entrypoints(service_classes()[room])]
    if room != "gateway":
        assert found.calls == {f"{each.room}.{each.name}" for caller, _, each in calls() if caller == room and each}
    heard = {each.event.type for each in handlers if isinstance(each, EventHandler)}
    assert found.hears >= heard
    assert found.hears - found.publishes == heard - found.publishes    # an event of its own may be named to publish it
    assert found.follows >= {(each.source_service, each.event_type) for each in handlers
                             if isinstance(each, AnnouncementHandler)}
    assert found.hears_presence == any(isinstance(each, PresenceHandler) for each in handlers)
    assert found.keeps_spans == (room == "insight")


def test_the_gateway_may_call_what_it_has_a_route_for() -> None:
    called = contract_of("gateway", ROOT).calls
    assert {f"{each.room}.{each.name}" for each in catalogue.methods().values() if each.access != "internal"} < called
    assert "payment.receive_webhook" in called
    assert "payment.charge" not in called
    assert "wallet.credit" not in called


@pytest.mark.parametrize("room", ROOMS)
def test_no_expression_matches_what_is_anothers(room: str) -> None:
    rights = broker_rights.of(contract_of(room, ROOT))
    for kind, expression in rights["permissions"].items():
        for other in {*ROOMS, f"{room}x", f"x{room}"} - {room}:
            for name in (f"rpc-{other}", f"alive-{other}", f"rpc.reply-{other}-1", f"order.paid:{other}.earn",
                         f"order.paid:{other}.earn.dead", f"{other}.calls", f"{other}.outbox", f"x\nrpc-{other}",
                         f"evt-{room}-x--{other}.y", "amq.default", "events.audit", "events.wait.1s"):
                assert not re.search(expression, name), (kind, name)
    assert not re.search(rights["permissions"]["configure"], "nameko-rpc")
    assert not re.search(rights["permissions"]["write"], "nameko-rpc")
    for topic in rights["topics"]:
        assert not re.search(topic["read"], "#")
        assert not re.search(topic["read"], "*")


def test_a_new_room_has_its_rights_without_being_named_anywhere(tmp_path: Path) -> None:
    code = re.search(r"```python services/hours/service.py\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert code
    (tmp_path / "services" / "hours").mkdir(parents=True)
    (tmp_path / "services" / "hours" / "service.py").write_text(
        code[1].replace("from schemas import hours as contract", "from schemas import film as contract, order")
        .replace("contract.GET_HOURS", "contract.GET_INFO").replace('{"opens"', 'order.PAID and {"opens"'))

    found = contract_of("hours", tmp_path)

    assert (found.calls, found.hears) == ({"film.get_info"}, {"order.paid"})
    assert re.search(broker_rights.permissions(found)["configure"], "rpc-hours")


def test_passwords_are_random_kept_and_made_for_new_rooms(tmp_path: Path) -> None:
    first = passwords.make(tmp_path, "rabbitmq", ["film", "order"])
    second = passwords.make(tmp_path, "rabbitmq", ["film", "order", "hours"])
    assert second.items() >= first.items()
    assert len(set(second.values())) == 3
    assert all(re.fullmatch(r"[\w-]{32}", each) for each in second.values())
    assert (tmp_path / passwords.FILE).stat().st_mode & 0o777 == 0o600
    passwords.forget(tmp_path, "rabbitmq")
    assert passwords.read(tmp_path, "rabbitmq") == {}


def test_at_servers_that_run_elsewhere_rooms_use_the_account_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "services" / "film").mkdir(parents=True)
    (tmp_path / "services" / "film" / "service.py").touch()
    server = "marquee:pw@127.0.0.1:1"
    mesh = Mesh({"run_folder": ".run", "AMQP_URI": f"amqp://{server}/marquee", "REDIS_URIS": {},
                 "DB_URIS": {"film:Base": f"mysql://{server}/marquee_film"}}, tmp_path)
    assert mesh.room("film", 1).secrets == {}

    (tmp_path / ".run").mkdir()
    for each in mesh.servers:
        mesh.make_accounts(each, tmp_path / ".run")

    secrets = mesh.room("film", 1).secrets
    assert (secrets["MARQUEE_AMQP_USER"], secrets["MARQUEE_DB_USER"], secrets["MARQUEE_OWN_ACCOUNT"]) == (
        "marquee-film", "marquee-film", "yes")
    accounts = mesh.mariadb.accounts()
    assert "GRANT SELECT, INSERT, UPDATE, DELETE ON `marquee\\_film`.* TO 'marquee-film'@'localhost';" in accounts
    assert [each["name"] for each in mesh.rabbitmq.definitions()["users"]] == ["marquee", "marquee-film"]  # type: ignore[attr-defined]
