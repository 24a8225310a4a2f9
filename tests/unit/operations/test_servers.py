"""Which servers are used, which are started, and how those are set up."""

import base64
import hashlib
import socket
from pathlib import Path

import pytest

from operations.operator_error import OperatorError
from operations.servers import base
from operations.servers.base import AccountRefused, Server, ServerState, write_private
from operations.servers.mariadb import MariaDB
from operations.servers.rabbitmq import RabbitMQ, password_hash
from operations.servers.redis import Redis
from operations.supervision.programs import Program

FAILED = ValueError("whatever a driver raises")
HERE, ELSEWHERE = "redis://:secret@127.0.0.1:7000/0", "redis://:secret@cache.invalid:7000/0"


class Acted(Server):
    """A server that answers as the test says."""

    name, title, setting, default_port, executable = "acted", "Acted", "ACTED_URI", 1, "sh"
    reply: Exception | None = None

    def open_session(self) -> None:
        if self.reply:
            raise self.reply

    def prepare(self) -> Program:
        return self.program()


def acted(uri: str, reply: Exception | None) -> Acted:
    server = type("Acted", (Acted,), {"reply": reply})([uri], Path("run/acted"))
    assert isinstance(server, Acted)
    return server


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "BOOT_SECONDS", 0)


@pytest.mark.parametrize("uri", [HERE, ELSEWHERE])
def test_a_server_that_answers_is_used_wherever_it_is(uri: str) -> None:
    assert not acted(uri, None).must_be_started()


def test_one_is_started_where_nobody_listens_on_loopback() -> None:
    assert acted(HERE, FAILED).must_be_started()


def test_none_is_started_in_the_place_of_a_remote_one() -> None:
    with pytest.raises(OperatorError, match=r"Acted does not answer at cache\.invalid:7000 \(ACTED_URI"):
        acted(ELSEWHERE, FAILED).must_be_started()


def test_a_stranger_on_the_port_is_named_and_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Acted, "is_taken", lambda self: True)
    with pytest.raises(OperatorError, match="Something other than Acted listens at 127.0.0.1:7000"):
        acted(HERE, FAILED).must_be_started()


def test_a_server_that_refuses_our_account_is_one_sentence() -> None:
    with pytest.raises(OperatorError, match="Acted at 127.0.0.1:7000 refuses the account in ACTED_URI: bad password"):
        acted(HERE, AccountRefused("bad password")).state()


def test_a_missing_executable_is_one_sentence_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "SEARCH_PATH", "/nowhere")
    with pytest.raises(OperatorError, match=r"sh is not installed to start one here: see \./build\.sh, or use docker"):
        acted(HERE, None).prepare()


def test_somebody_else_on_the_port_is_not_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        uri = f"redis://127.0.0.1:{stranger.getsockname()[1]}/0"
        assert acted(uri, TimeoutError("no banner")).state() is ServerState.OTHER
    assert acted(uri, TimeoutError("no banner")).state() is ServerState.SILENT


def test_a_file_with_a_password_is_for_our_eyes_only(tmp_path: Path) -> None:
    path = write_private(tmp_path / "new" / "file", "secret")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_redis_evicts_nothing_and_writes_its_log_every_second(tmp_path: Path) -> None:
    Redis(["redis://:a%22b@localhost:7000/0"], tmp_path).prepare()
    settings = (tmp_path / "redis.conf").read_text().splitlines()
    assert {"bind 127.0.0.1", "port 7000", r'requirepass "a\"b"', "maxmemory-policy noeviction",
            "appendonly yes", "appendfsync everysec"} <= set(settings)


def mariadb(*schemas: str, folder: Path = Path("x")) -> MariaDB:
    server = "mysql+pymysql://marquee:it's@127.0.0.1:7001"
    return MariaDB([f"{server}/{schema}?charset=utf8mb4" for schema in schemas], folder)


@pytest.mark.parametrize(("schemas", "patterns"), [
    (("marquee_user", "marquee_film"), [r"marquee\_%"]),
    (("marquee_test_user", "marquee_test_ussr"), [r"marquee\_test\_%"]),
    (("marquee_user",), [r"marquee\_%"]),
    (("user", "film"), ["film", "user"]),
])
def test_our_account_has_rights_on_our_schemas_only(schemas: tuple[str, ...], patterns: list[str]) -> None:
    assert mariadb(*schemas).schema_patterns() == patterns


def test_the_account_can_be_made_again_and_again() -> None:
    accounts = mariadb("marquee_user").accounts().splitlines()
    assert r"CREATE USER IF NOT EXISTS 'marquee'@'127.0.0.1';" in accounts
    assert r"ALTER USER 'marquee'@'127.0.0.1' IDENTIFIED BY 'it\'s';" in accounts
    assert r"GRANT ALL PRIVILEGES ON `marquee\_%`.* TO 'marquee'@'127.0.0.1';" in accounts


def test_mariadb_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    mariadb("marquee_user", folder=tmp_path).prepare()
    settings = (tmp_path / "my.cnf").read_text().splitlines()
    assert {"innodb-flush-log-at-trx-commit = 1", "bind-address = 127.0.0.1", "port = 7001"} <= set(settings)


def test_mariadb_deletes_no_other_servers_temporary_tables(tmp_path: Path) -> None:
    """A server that starts empties its tmpdir of what it takes for its own leftovers."""
    (tmp_path / "data").mkdir()
    server = mariadb("marquee_user", folder=tmp_path)
    server.prepare()
    assert f"tmpdir = {tmp_path.resolve()}/tmp" in (tmp_path / "my.cnf").read_text().splitlines()
    assert (tmp_path / "tmp").is_dir()
    assert "--tmpdir=/elsewhere" in server.install_command(tmp_path / "data.new", "/elsewhere")


def rabbitmq(folder: Path = Path("x")) -> RabbitMQ:
    return RabbitMQ(["amqp://marquee:secret@127.0.0.1:7002/a%2Fb"], folder)


def test_rabbitmq_has_our_account_alone() -> None:
    definitions = rabbitmq().definitions()
    assert [user["name"] for user in definitions["users"]] == ["marquee"]  # type: ignore[attr-defined]
    assert definitions["vhosts"] == [{"name": "a/b"}]


def test_a_password_is_kept_as_rabbitmq_reads_it() -> None:
    salt = b"\x00\x01\x02\x03"
    assert base64.b64decode(password_hash("secret", salt)) == salt + hashlib.sha256(salt + b"secret").digest()


@pytest.mark.parametrize("port", [1024, 5672, 8672, 18672, 28672, 65535])
def test_the_port_for_rabbitmqctl_is_below_those_that_connections_are_given(port: int) -> None:
    assert 1024 < RabbitMQ([f"amqp://127.0.0.1:{port}/"], Path("x")).distribution_port < 32768


def test_the_erlang_node_starts_no_epmd(tmp_path: Path) -> None:
    program = rabbitmq(tmp_path).prepare()
    assert "-start_epmd false" in program.environment["ERL_ZFLAGS"]
    assert (tmp_path / "rabbitmq.conf").read_text().startswith("listeners.tcp.1 = 127.0.0.1:7002\n")
