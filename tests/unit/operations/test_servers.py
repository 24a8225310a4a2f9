"""Which servers are used, which are started, and with which settings."""

import base64
import hashlib
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from operations.atomic_files import write_private
from operations.operator_error import OperatorError
from operations.servers import base
from operations.servers import rabbitmq as rabbitmq_server
from operations.servers.base import AccountRefused, Server, ServerState
from operations.servers.mariadb import MariaDB
from operations.servers.rabbitmq import RabbitMQ, password_hash
from operations.servers.redis import Redis
from operations.supervision.programs import Program

FAILED = ValueError("whatever a driver raises")
HERE, ELSEWHERE = "redis://:secret@127.0.0.1:7000/0", "redis://:secret@cache.invalid:7000/0"


class FakeServer(Server):
    """A server that answers as a test wants."""

    name, title, setting, default_port, executable = "fake", "Fake", "FAKE_URI", 1, "sh"
    reply: Exception | None = None

    def open_session(self) -> None:
        if self.reply:
            raise self.reply

    def prepare(self) -> Program:
        return self.program()


def fake(uri: str, reply: Exception | None) -> FakeServer:
    server = type("FakeServer", (FakeServer,), {"reply": reply})([uri], Path("run/fake"))
    assert isinstance(server, FakeServer)
    return server


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "BOOT_SECONDS", 0)


@pytest.mark.parametrize("uri", [HERE, ELSEWHERE])
def test_a_server_that_answers_is_used_wherever_it_is(uri: str) -> None:
    assert not fake(uri, None).must_be_started()


def test_a_server_is_started_where_nothing_listens_on_loopback() -> None:
    assert fake(HERE, FAILED).must_be_started()


def test_a_remote_server_that_is_down_is_not_replaced_by_a_local_one() -> None:
    with pytest.raises(OperatorError, match=r"Fake does not answer at cache\.invalid:7000 \(FAKE_URI"):
        fake(ELSEWHERE, FAILED).must_be_started()


def test_another_program_on_the_port_is_reported_and_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeServer, "is_taken", lambda self: True)
    with pytest.raises(OperatorError, match="Something other than Fake listens at 127.0.0.1:7000"):
        fake(HERE, FAILED).must_be_started()


def test_a_server_that_refuses_our_account_is_reported_in_one_sentence() -> None:
    with pytest.raises(OperatorError, match="Fake at 127.0.0.1:7000 refuses the account in FAKE_URI: bad password"):
        fake(HERE, AccountRefused("bad password")).state()


def test_a_missing_executable_is_reported_with_the_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "SEARCH_PATH", "/nowhere")
    with pytest.raises(OperatorError, match=r"sh is not installed to start one here: see \./build\.sh, or use docker"):
        fake(HERE, None).prepare()


def test_another_program_on_the_port_is_told_from_nothing_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other_program:
        uri = f"redis://127.0.0.1:{other_program.getsockname()[1]}/0"
        assert fake(uri, TimeoutError("no banner")).state() is ServerState.OTHER
    assert fake(uri, TimeoutError("no banner")).state() is ServerState.SILENT


def test_only_its_owner_can_read_a_file_with_a_password(tmp_path: Path) -> None:
    path = write_private(tmp_path / "new" / "file", "secret")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_that_cannot_be_written_whole_stays_as_it_was(tmp_path: Path) -> None:
    """As on a full disk, of which a settings file that is empty would be left."""
    path = write_private(tmp_path / "supervisord.conf", "whole")
    with pytest.raises(UnicodeEncodeError):
        write_private(path, "half\udcff")
    assert path.read_text() == "whole"


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
def test_our_mariadb_account_has_rights_on_our_schemas_only(schemas: tuple[str, ...], patterns: list[str]) -> None:
    assert mariadb(*schemas).schema_patterns() == patterns


def test_the_mariadb_account_can_be_created_repeatedly() -> None:
    accounts = mariadb("marquee_user").accounts().splitlines()
    assert r"CREATE USER IF NOT EXISTS 'marquee'@'127.0.0.1';" in accounts
    assert r"ALTER USER 'marquee'@'127.0.0.1' IDENTIFIED BY 'it\'s';" in accounts
    assert r"GRANT ALL PRIVILEGES ON `marquee\_%`.* TO 'marquee'@'127.0.0.1';" in accounts


def test_mariadb_writes_each_commit_to_the_disk(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    mariadb("marquee_user", folder=tmp_path).prepare()
    settings = (tmp_path / "my.cnf").read_text().splitlines()
    assert {"innodb-flush-log-at-trx-commit = 1", "bind-address = 127.0.0.1", "port = 7001"} <= set(settings)


def test_the_servers_keep_within_the_reserve(tmp_path: Path) -> None:
    """RabbitMQ takes no messages below a quarter of it; a temporary table of MariaDB gets at most half."""
    (tmp_path / "data").mkdir()
    replace(mariadb("marquee_user", folder=tmp_path), reserve=512 * 1024 * 1024).prepare()
    replace(rabbitmq(tmp_path), reserve=512 * 1024 * 1024).prepare()
    settings = (tmp_path / "my.cnf").read_text().splitlines()
    assert {"tmp-disk-table-size = 256M",
            "innodb-temp-data-file-path = ibtmp1:12M:autoextend:max:256M"} <= set(settings)
    assert f"disk_free_limit.absolute = {128 * 1024 * 1024}" in (tmp_path / "rabbitmq.conf").read_text().splitlines()


def test_mariadb_deletes_no_temporary_table_of_another_server(tmp_path: Path) -> None:
    """A server that starts empties its tmpdir of what it takes for its own leftovers."""
    (tmp_path / "data").mkdir()
    server = mariadb("marquee_user", folder=tmp_path)
    server.prepare()
    assert f"tmpdir = {tmp_path.resolve()}/tmp" in (tmp_path / "my.cnf").read_text().splitlines()
    assert (tmp_path / "tmp").is_dir()
    assert "--tmpdir=/elsewhere" in server.install_command(tmp_path / "data.new", "/elsewhere")


def rabbitmq(folder: Path = Path("x")) -> RabbitMQ:
    return RabbitMQ(["amqp://marquee:secret@127.0.0.1:7002/a%2Fb"], folder)


def test_rabbitmq_has_our_account_and_no_other() -> None:
    definitions = rabbitmq().definitions()
    assert [user["name"] for user in definitions["users"]] == ["marquee"]  # type: ignore[attr-defined]
    assert definitions["vhosts"] == [{"name": "a/b"}]


def test_a_password_is_hashed_as_rabbitmq_expects() -> None:
    salt = b"\x00\x01\x02\x03"
    assert base64.b64decode(password_hash("secret", salt)) == salt + hashlib.sha256(salt + b"secret").digest()


@pytest.mark.parametrize("port", [1024, 5672, 8672, 18672, 28672, 65535])
def test_the_port_for_rabbitmqctl_is_below_those_that_connections_are_given(port: int) -> None:
    assert 1024 < RabbitMQ([f"amqp://127.0.0.1:{port}/"], Path("x")).distribution_port < 32768


def test_rabbitmq_starts_no_epmd(tmp_path: Path) -> None:
    program = rabbitmq(tmp_path).prepare()
    assert "-start_epmd false" in program.environment["ERL_ZFLAGS"]
    assert (tmp_path / "rabbitmq.conf").read_text().startswith("listeners.tcp.1 = 127.0.0.1:7002\n")


def installed(folder: Path, *parts: str, erlang: tuple[str, ...] = ()) -> str:
    """A RabbitMQ with these plugins, and an Erlang; returns the PATH to both."""
    for program in ("rabbitmq/sbin/rabbitmq-server", "erlang/bin/erl"):
        (folder / program).parent.mkdir(parents=True)
        (folder / program).write_text("#!/bin/sh\n")
        (folder / program).chmod(0o755)
    for part in (*(f"rabbitmq/plugins/{part}" for part in parts), *(f"erlang/lib/{name}/ebin" for name in erlang)):
        (folder / part).mkdir(parents=True)
    return f"{folder}/rabbitmq/sbin:{folder}/erlang/bin"


OWN = ("rabbit-3.10.8", "rabbit_common-3.10.8", "rabbitmq_prelaunch-3.10.8")
ERLANG = ("ssl-9.6", "ssl-10.8.7", "ssl-10.8", "stdlib-4.2", "kernel")
QUICK = {"RABBITMQ_PLUGINS_DIR", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a node of ours, beside a RabbitMQ and an Erlang that are laid out as usual."""
    use(monkeypatch, installed(tmp_path, *OWN, "rabbitmq_mqtt-3.10.8", erlang=ERLANG))
    (tmp_path / "of our node").mkdir()
    return tmp_path / "of our node"


def use(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    for module in (rabbitmq_server, base):
        monkeypatch.setattr(module, "SEARCH_PATH", path)
    for variable in QUICK:
        monkeypatch.delenv(variable, raising=False)


def test_rabbitmq_reads_no_plugin_but_what_it_is_made_of(folder: Path, tmp_path: Path) -> None:
    (folder / "plugins").mkdir()
    (folder / "plugins" / "rabbit-3.9.0").symlink_to(tmp_path)           # of a version before
    (folder / "plugins" / "rabbit_common-3.9.0").symlink_to("/gone")     # of one whose package was replaced
    for _ in range(2):
        program = rabbitmq(folder).prepare()

    assert program.environment["RABBITMQ_PLUGINS_DIR"] == "plugins"
    assert {link.name: link.resolve() for link in (folder / "plugins").iterdir()} == {
        part: tmp_path / "rabbitmq/plugins" / part for part in OWN}


def test_rabbitmq_is_shown_the_newest_version_of_each_application_of_erlang(folder: Path, tmp_path: Path) -> None:
    option, *paths = rabbitmq(folder).prepare().environment["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"].split()
    assert option == "-pa"
    assert sorted(paths) == [f"{tmp_path}/erlang/lib/{name}/ebin" for name in ("kernel", "ssl-10.8.7", "stdlib-4.2")]


@pytest.mark.parametrize("variable", sorted(QUICK))
def test_what_an_operator_has_set_for_rabbitmq_stays(folder: Path, monkeypatch: pytest.MonkeyPatch,
                                                     variable: str) -> None:
    monkeypatch.setenv(variable, "/opt/plugins")
    assert not QUICK & rabbitmq(folder).prepare().environment.keys()


@pytest.mark.parametrize(("parts", "erlang"), [(OWN[:2], ERLANG), (OWN, ())], ids=["RabbitMQ", "Erlang"])
def test_a_rabbitmq_or_an_erlang_that_is_laid_out_in_another_way_boots_as_it_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: tuple[str, ...], erlang: tuple[str, ...],
) -> None:
    use(monkeypatch, installed(tmp_path, *parts, erlang=erlang))
    assert not QUICK & rabbitmq(tmp_path).prepare().environment.keys()
