"""MariaDB's own tools: mariadb-dump reads all schemas as of one moment, mariadb writes them again."""

import gzip
import re
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from operations.atomic_files import write_private
from operations.operator_error import OperatorError
from operations.servers.base import SEARCH_PATH
from operations.servers.mariadb import MariaDB

# One transaction reads everything, so all schemas are of one moment, and nobody waits for it.
READ_ONE_MOMENT = ("--single-transaction", "--quick", "--skip-lock-tables", "--skip-add-locks", "--no-tablespaces",
                   "--no-create-db", "--hex-blob", "--default-character-set=utf8mb4", "--databases")
USE = re.compile(rb"USE `((?:[^`]|``)+)`;\n")
# Who made a trigger may have no account on another machine; there it belongs to the account that restores it.
DEFINER = re.compile(rb"/\*!50017 DEFINER=`[^`]*`@`[^`]*`\*/ ")


def dump(mariadb: MariaDB, schemas: Sequence[str], path: Path) -> None:
    """Write these schemas, as of one moment, to a compressed file. Raises OperatorError when mariadb-dump fails."""
    def write(tool: "subprocess.Popen[bytes]") -> None:
        with gzip.open(path, "wb", compresslevel=6) as file:
            shutil.copyfileobj(pipe(tool.stdout), file)

    run(mariadb, "mariadb-dump", [*READ_ONE_MOMENT, *schemas], write, stdout=subprocess.PIPE)


def load(mariadb: MariaDB, path: Path, names: Mapping[str, str]) -> None:
    """Write the schemas of a dump under the new `names` of each. Raises OperatorError when mariadb fails."""
    def read(tool: "subprocess.Popen[bytes]") -> None:
        with gzip.open(path, "rb") as file, pipe(tool.stdin) as stdin:
            try:
                for line in file:
                    stdin.write(renamed(line, names))
            except (EOFError, zlib.error) as problem:
                raise OperatorError(f"{path} is damaged: {problem}") from None

    run(mariadb, "mariadb", ["--default-character-set=utf8mb4"], read, stdin=subprocess.PIPE)


def renamed(line: bytes, names: Mapping[str, str]) -> bytes:
    """A line of a dump for a machine on which a schema has another name, and a trigger another maker.

    A value that contains such text stays as it is: it stands inside of a line.
    """
    if found := USE.fullmatch(line):
        if (name := names.get(found[1].decode())) is None:   # it may be anybody's
            raise OperatorError(f"The dump has a schema that is not of this backup: {found[1].decode()}")
        return f"USE `{name}`;\n".encode()
    return DEFINER.sub(b"", line) if line.startswith(b"/*!50003 CREATE*/") else line


def run(mariadb: MariaDB, tool: str, arguments: Sequence[str], work: "Callable[[subprocess.Popen[bytes]], None]",
        **pipes: int) -> None:
    """Run a tool, and do `work` with its pipes. Raises OperatorError with the tool's last words when it fails."""
    with client_settings(mariadb) as settings, tempfile.TemporaryFile() as errors:
        command = [path_of(tool), f"--defaults-file={settings}", *arguments]
        with subprocess.Popen(command, stderr=errors, **pipes) as process:  # type: ignore[call-overload]
            try:
                work(process)
            except BrokenPipeError:
                pass  # the tool says below why it has ended
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            errors.seek(0)
            words = errors.read().decode(errors="replace").strip().splitlines()
            raise OperatorError(f"{tool} failed: {words[-1] if words else process.returncode}")


def path_of(tool: str) -> str:
    """Where the tool is installed. Raises OperatorError."""
    if found := shutil.which(tool, path=SEARCH_PATH):
        return found
    raise OperatorError(f"{tool} is not installed: apt-get install mariadb-client")


@contextmanager
def client_settings(mariadb: MariaDB) -> Iterator[Path]:
    """A file that tells the tools address and account: on a command line everybody could read the password."""
    def quoted(value: object) -> str:
        return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'

    account = {"host": mariadb.host, "port": mariadb.port, "user": mariadb.user, "password": mariadb.password}
    with tempfile.TemporaryDirectory() as folder:
        lines = ["[client]", "protocol = tcp", *(f"{name} = {quoted(value)}" for name, value in account.items())]
        yield write_private(Path(folder) / "client.cnf", "\n".join(lines) + "\n")


def pipe(stream: IO[bytes] | None) -> IO[Any]:
    assert stream is not None
    return stream
