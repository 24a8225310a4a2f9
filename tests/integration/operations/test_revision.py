"""A developer has a migration written for what has changed in a room's models."""

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import nameko
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from operations.maintenance.revision_command import revision_command
from operations.mesh import Mesh as OperatedMesh
from services.foundation import migrate
from testbed.mesh import Mesh


@pytest.fixture
def apart(servers: Mesh) -> Iterator[Mesh]:
    """A mesh with schemas of its own and without processes."""
    apart = dataclasses.replace(servers, environment=servers.environment | {"MARQUEE_DB_SUFFIX": "_revision"})
    with nameko.config.patch(apart.settings, clear=True):
        yield apart
        own = migrate.engine_of("loyalty").url
        with migrate.engine_at(own.set(database="")).begin() as tx:
            tx.execute(text(f"DROP DATABASE IF EXISTS {own.database}"))


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the loyalty room's migrations, without the last."""
    folder = tmp_path / "loyalty" / "migrations"
    shutil.copytree(migrate.SERVICES / "loyalty" / "migrations", folder)
    (tmp_path / "loyalty" / "models.py").touch()
    (tmp_path / "foundation").symlink_to(migrate.SERVICES / "foundation")
    sorted(folder.glob("[0-9]*.py"))[-1].unlink()
    monkeypatch.setattr(migrate, "SERVICES", tmp_path)
    return folder


def revise(mesh: Mesh, room: str) -> Result:
    return CliRunner().invoke(revision_command, [room, "what changed"], obj=OperatedMesh(mesh.settings))


def test_a_migration_is_written_for_what_the_schema_lacks(apart: Mesh, migrations: Path) -> None:
    refused = revise(apart, "loyalty")
    assert "migrate it first" in refused.output
    migrate.upgrade("loyalty")
    number = len(list(migrations.glob("[0-9]*.py"))) + 1

    written = revise(apart, "loyalty")

    assert written.exit_code == 0, written.output
    [file] = migrations.glob(f"{number:04d}_*.py")
    assert "op.add_column" in file.read_text() or "op.create_table" in file.read_text()


def test_a_room_without_tables_is_refused(apart: Mesh, migrations: Path) -> None:
    assert "There is no room account with a models.py." in revise(apart, "account").output


def test_a_missing_mariadb_is_one_line(apart: Mesh, migrations: Path) -> None:
    away = dataclasses.replace(apart, environment=apart.environment | {"MARQUEE_DB_PORT": "1"})
    refused = revise(away, "loyalty")
    assert refused.output.startswith("MariaDB does not answer at "), refused.output
