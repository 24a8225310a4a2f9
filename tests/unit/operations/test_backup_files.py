"""What a backup consists of, and which folder is none."""

import datetime as dt
import gzip
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from operations.maintenance import configuration, dump, manifest
from operations.maintenance.backup import draft_of
from operations.maintenance.configuration import environment, ticket_key_file
from operations.maintenance.dump import client_settings, renamed
from operations.maintenance.manifest import File, Manifest, RoomState
from operations.mesh import ROOT, Mesh
from operations.operator_error import OperatorError
from operations.servers.mariadb import MariaDB

MOMENT = dt.datetime(2026, 5, 1, 20, 0, tzinfo=dt.UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A backup of one file."""
    (tmp_path / "ticket.key").write_text("a key")
    files = {"ticket.key": manifest.describe(tmp_path / "ticket.key", "keys", True)}
    Manifest(manifest.FORMAT, MOMENT, "10.11", {"order": RoomState("marquee_order", "0012")}, files).write(tmp_path)
    return tmp_path


def test_a_manifest_is_read_as_it_was_written(folder: Path) -> None:
    found = manifest.read(folder)
    assert (found.format, found.moment, found.mariadb) == (manifest.FORMAT, MOMENT, "10.11")
    assert found.rooms == {"order": RoomState("marquee_order", "0012")}
    assert found.files == {"ticket.key": File(found.files["ticket.key"].sha256, 5, True, "keys")}
    assert (folder / "manifest.json").stat().st_mode & 0o777 == 0o600


def test_a_changed_file_is_noticed(folder: Path) -> None:
    (folder / "ticket.key").write_text("A key")
    with pytest.raises(OperatorError, match="ticket.key is not what was backed up"):
        manifest.read(folder)


def test_a_missing_file_is_noticed(folder: Path) -> None:
    (folder / "ticket.key").unlink()
    with pytest.raises(OperatorError, match="ticket.key can't be read: No such file"):
        manifest.read(folder)


def test_a_backup_without_the_data_is_none(folder: Path) -> None:
    with pytest.raises(OperatorError, match="is not a backup: manifest.json has no mariadb.sql.gz"):
        manifest.read(folder, "mariadb.sql.gz")


@pytest.mark.parametrize("content", ["", "[]", "{}", "{\"format\": 1", "null", "{\"format\": 1, \"rooms\": []}"])
def test_a_folder_without_a_manifest_is_no_backup(folder: Path, content: str) -> None:
    (folder / "manifest.json").write_text(content)
    with pytest.raises(OperatorError, match="is not a backup: manifest.json is missing or can't be read"):
        manifest.read(folder)


def test_a_folder_that_is_not_there_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="is not a backup"):
        manifest.read(tmp_path / "nowhere")


def test_a_backup_of_a_later_format_is_refused(folder: Path) -> None:
    content = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(content | {"format": 2, "rooms": "otherwise"}))
    with pytest.raises(OperatorError, match="another format, 2, not 1: a newer version made it"):
        manifest.read(folder)


NAMES = {"marquee_order": "cinema_order", "marquee_order-old": "cinema_order-new"}


@pytest.mark.parametrize(("line", "there"), [
    (b"USE `marquee_order`;\n", b"USE `cinema_order`;\n"),
    (b"USE `marquee_order-old`;\n", b"USE `cinema_order-new`;\n"),
    (b"/*!50003 CREATE*/ /*!50017 DEFINER=`marquee`@`%`*/ /*!50003 TRIGGER kept BEFORE DELETE ON entry\n",
     b"/*!50003 CREATE*/ /*!50003 TRIGGER kept BEFORE DELETE ON entry\n"),
])
def test_only_names_of_schemas_and_makers_of_triggers_differ_elsewhere(line: bytes, there: bytes) -> None:
    assert renamed(line, NAMES) == there


def test_a_schema_that_the_backup_does_not_name_is_not_written() -> None:
    with pytest.raises(OperatorError, match="a schema that is not of this backup: mysql"):
        renamed(b"USE `mysql`;\n", NAMES)


@pytest.mark.parametrize("value", [b"USE `marquee_order`;", b"/*!50017 DEFINER=`a`@`b`*/ ", b"USE `another`;\\n"])
def test_a_value_that_looks_like_a_name_stays_as_it_is(value: bytes) -> None:
    line = b"INSERT INTO `a` VALUES ('" + value + b"');\n"
    assert renamed(line, NAMES) == line


def test_the_tools_read_the_password_from_a_file_of_their_own(tmp_path: Path) -> None:
    server = MariaDB(['mysql+pymysql://marquee:a%22b%5Cc%23@127.0.0.1:7001/marquee_order'], tmp_path)
    with client_settings(server) as path:
        assert 'password = "a\\"b\\\\c#"' in path.read_text().splitlines()
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
    assert not path.exists()


def test_an_empty_folder_becomes_the_backup_when_it_is_whole(tmp_path: Path) -> None:
    folder = tmp_path / "monday"
    folder.mkdir(mode=0o755)
    with draft_of(folder) as draft:
        (draft / "ticket.key").write_text("a key")
        assert list(folder.iterdir()) == []
    assert [path.name for path in folder.iterdir()] == ["ticket.key"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == [folder]


def test_an_interrupted_backup_leaves_the_folder_empty(tmp_path: Path) -> None:
    folder = tmp_path / "monday"
    folder.mkdir()

    def interrupted() -> None:
        with draft_of(folder) as draft:
            (draft / "ticket.key").write_text("a key")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == [folder]
    assert list(folder.iterdir()) == []


def test_a_dump_that_ends_too_early_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(mariadb: object, tool: str, arguments: object, work: Callable[[Any], None], **pipes: int) -> None:
        work(SimpleNamespace(stdin=BytesIO()))

    monkeypatch.setattr(dump, "run", run)
    (path := tmp_path / "mariadb.sql.gz").write_bytes(gzip.compress(b"INSERT INTO seat VALUES (1);\n")[:-9])
    with pytest.raises(OperatorError, match="mariadb.sql.gz is damaged: Compressed file ended before"):
        dump.load(MariaDB(["mysql+pymysql://a:b@127.0.0.1:7001/marquee_order"], tmp_path), path, NAMES)


def test_a_tool_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump, "SEARCH_PATH", "/nowhere")
    with pytest.raises(OperatorError, match="mariadb-dump is not installed: apt-get install mariadb-client"):
        dump.path_of("mariadb-dump")


def test_the_environment_is_kept_as_far_as_config_yml_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARQUEE_DB_PASSWORD", "it's; a secret")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=a b")
    monkeypatch.setenv("SUPERVISOR_PROCESS_NAME", "other")
    monkeypatch.setenv("UNRELATED_TOKEN", "other")
    kept = environment(Mesh({}, ROOT))
    assert "export OTEL_EXPORTER_OTLP_HEADERS='authorization=a b'\n" in kept
    assert "export MARQUEE_DB_PASSWORD='it'\"'\"'s; a secret'\n" in kept
    assert "other" not in kept


def test_the_file_that_the_mesh_is_run_with_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.yml").write_text("port: ${MARQUEE_PROBE:1}")
    monkeypatch.setattr(configuration, "CONFIG", str(tmp_path / "other.yml"))
    monkeypatch.setenv("MARQUEE_PROBE", "7")
    monkeypatch.setenv("MARQUEE_DB_PASSWORD", "unnamed there")
    assert configuration.config_file(Mesh({}, ROOT)) == tmp_path / "other.yml"
    assert environment(Mesh({}, ROOT)) == "export MARQUEE_PROBE=7\n"


def test_without_ticket_keys_there_is_no_backup(tmp_path: Path) -> None:
    settings = {"environment": "production", "run_folder": str(tmp_path), "order": {"ticket_key_file": ""}}
    with pytest.raises(OperatorError, match="MARQUEE_TICKET_KEY names no file here"):
        ticket_key_file(Mesh(settings, ROOT))
    assert ticket_key_file(Mesh({**settings, "environment": "local"}, ROOT)) == tmp_path / "ticket.key"
