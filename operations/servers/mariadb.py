"""MariaDB: commits are on the disk; our account has rights on the rooms' schemas only, and each room's on its own."""

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pymysql
from pymysql.constants.ER import ACCESS_DENIED_ERROR, DBACCESS_DENIED_ERROR, HOST_NOT_PRIVILEGED
from pymysql.converters import escape_string

from operations.atomic_files import write_private
from operations.operator_error import OperatorError
from operations.servers.base import AccountRefused, RoomAccount, Server
from operations.supervision.programs import Program

REFUSALS = (ACCESS_DENIED_ERROR, DBACCESS_DENIED_ERROR, HOST_NOT_PRIVILEGED)
# The hosts that a connection over loopback may come from.
CLIENT_HOSTS = ("127.0.0.1", "localhost", "::1")
# A room reads and writes rows; tables are made by migrations, with our account.
ROOM_RIGHTS = "SELECT, INSERT, UPDATE, DELETE"
NO_RIGHTS = ""    # of those that a version before has given
# A relative socket is inside the data folder, and free of the 108 bytes a socket's path may have.
SETTINGS = """\
[mariadbd]
user = {system_user}
bind-address = {bind}
port = {port}
datadir = {folder}/data
# A server that starts deletes leftovers from here. In /tmp they could be the tables of other servers.
tmpdir = {folder}/tmp
socket = mariadb.sock
pid-file = mariadb.pid
init-file = {folder}/accounts.sql
character-set-server = utf8mb4
collation-server = utf8mb4_unicode_520_ci
transaction-isolation = READ-COMMITTED
innodb-flush-log-at-trx-commit = 1
innodb-buffer-pool-size = 128M
max-connections = 300
# What a query may write besides its rows.
tmp-disk-table-size = {most_temporary}M
innodb-temp-data-file-path = ibtmp1:12M:autoextend:max:{most_temporary}M
performance-schema = OFF
skip-log-bin
skip-name-resolve
"""


LEAST_TEMPORARY = 64    # megabytes
MEGABYTE = 1024 * 1024


class MariaDB(Server):
    name = "mariadb"
    title = "MariaDB"
    setting = "DB_URIS"
    default_port = 3306
    executable = "mariadbd"

    def open_session(self) -> None:
        try:
            pymysql.connect(host=self.host, port=self.port, user=self.user, password=self.password,
                            connect_timeout=2, read_timeout=2).close()
        except pymysql.Error as error:
            if error.args and error.args[0] in REFUSALS:
                raise AccountRefused(error.args[1]) from None
            raise

    def prepare(self) -> Program:
        settings = SETTINGS.format(system_user=getpass.getuser(), bind=self.bind, port=self.port,
                                   folder=self.folder.resolve(),
                                   most_temporary=max(self.reserve // 2 // MEGABYTE, LEAST_TEMPORARY))
        settings_file = write_private(self.folder / "my.cnf", settings)
        write_private(self.folder / "accounts.sql", self.accounts())
        (self.folder / "tmp").mkdir(exist_ok=True)
        if not (self.folder / "data").exists():
            self.install()
        return self.program(f"--defaults-file={settings_file.resolve()}")

    def install(self) -> None:
        """Install the system tables beside `data` and rename them when complete, so a killed install leaves no half."""
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        with tempfile.TemporaryDirectory() as short:  # the script fails on paths with spaces
            link = Path(short) / "mariadb"
            link.symlink_to(self.folder.resolve())
            done = subprocess.run(self.install_command(link / fresh.name, short), capture_output=True, text=True,
                                  check=False)
        if done.returncode:
            log = write_private(self.folder / "install.log", done.stdout + done.stderr)
            raise OperatorError(f"mariadb-install-db could not create {fresh}: see {log}.")
        fresh.rename(self.folder / "data")

    def install_command(self, data: Path, scratch: str) -> list[str]:
        user = getpass.getuser()
        return [
            self.find("mariadb-install-db"), "--no-defaults", f"--datadir={data}", f"--tmpdir={scratch}",
            f"--user={user}", "--skip-test-db",
            "--skip-name-resolve", "--force",  # a bare machine can't resolve its own name
            "--auth-root-authentication-method=socket", f"--auth-root-socket-user={user}",
        ]

    def accounts(self) -> str:
        """SQL that creates or updates the accounts; it runs at every start."""
        ours = [f"ALL PRIVILEGES ON `{pattern}`.*" for pattern in self.schema_patterns()]
        lines = account(self.user, self.password, CLIENT_HOSTS, ours)
        return "\n".join([*lines, *of_rooms(self.room_accounts(), CLIENT_HOSTS)]) + "\n"

    def schema_patterns(self) -> list[str]:
        """The schemas as GRANT names them: by their common prefix, so a new room needs no new rights."""
        schemas = sorted({urlsplit(uri).path.strip("/") for uri in self.uris})
        prefix, underscore, _ = os.path.commonprefix(schemas).rpartition("_")
        patterns = [prefix + underscore + "%"] if prefix else schemas
        return [escaped(pattern) for pattern in patterns]


def of_rooms(accounts: Sequence[RoomAccount], hosts: Sequence[str]) -> list[str]:
    """SQL, a statement a line, for the accounts of rooms, each with rights on the rows of its own schema."""
    return [line for each in accounts for line in account(each.name, each.password, hosts, [
        NO_RIGHTS, f"{ROOM_RIGHTS} ON `{escaped(each.rights['schema'])}`.*"])]


def account(name: str, password: str, hosts: Sequence[str], rights: Sequence[str]) -> list[str]:
    """SQL, a statement a line, that creates or updates an account and gives it these rights; NO_RIGHTS takes all."""
    lines = []
    for whose in (f"'{escape_string(name)}'@'{host}'" for host in hosts):
        lines += [f"CREATE USER IF NOT EXISTS {whose};",
                  f"ALTER USER {whose} IDENTIFIED BY '{escape_string(password)}';",
                  *(f"GRANT {right} TO {whose};" if right else f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {whose};"
                    for right in rights)]
    return lines


def escaped(schema: str) -> str:
    """A schema as GRANT names it, in which an underscore stands for any character."""
    return schema.replace("_", r"\_")
