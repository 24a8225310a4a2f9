"""The manifest of a backup: what it holds, of which moment and version, and the checksum of each file."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load

from operations.atomic_files import write_private
from operations.operator_error import OperatorError

NAME = "manifest.json"
FORMAT = 1  # a backup in another format needs another version of this program


@dataclass(frozen=True)
class File:
    """A file of a backup; `secret`: it holds passwords, keys or personal data."""

    sha256: str
    bytes: int
    secret: bool
    holds: str


@dataclass(frozen=True)
class RoomState:
    """A room's schema in MariaDB, and the revision that it has."""

    schema: str
    revision: str


@dataclass(frozen=True)
class Manifest:
    """`moment`, in UTC: when the backup began; nothing that was acknowledged before is missing in it."""

    format: int
    moment: dt.datetime
    mariadb: str
    rooms: Mapping[str, RoomState]
    files: Mapping[str, File]

    def write(self, folder: Path) -> None:
        text = json.dumps(asdict(self) | {"moment": self.moment.isoformat()}, indent=2)
        write_private(folder / NAME, text + "\n")


class _Record(Schema):
    class Meta:
        unknown = EXCLUDE


class FileSchema(_Record):
    sha256 = fields.String(required=True)
    bytes = fields.Integer(required=True)
    secret = fields.Boolean(required=True)
    holds = fields.String(required=True)

    @post_load
    def make(self, loaded: dict[str, Any], **_: Any) -> File:
        return File(**loaded)


class RoomSchema(_Record):
    schema = fields.String(required=True)
    revision = fields.String(required=True)

    @post_load
    def make(self, loaded: dict[str, Any], **_: Any) -> RoomState:
        return RoomState(**loaded)


class ManifestSchema(_Record):
    format = fields.Integer(required=True)
    moment = fields.AwareDateTime(required=True)
    mariadb = fields.String(required=True)
    rooms = fields.Dict(fields.String(), fields.Nested(RoomSchema), required=True)
    files = fields.Dict(fields.String(), fields.Nested(FileSchema), required=True)

    @post_load
    def make(self, loaded: dict[str, Any], **_: Any) -> Manifest:
        return Manifest(**loaded)


def describe(path: Path, holds: str, secret: bool) -> File:
    """A file as the manifest has it."""
    with path.open("rb") as file:
        return File(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size, secret, holds)


def read(folder: Path, *required: str) -> Manifest:
    """The manifest of a backup whose files are all there and unchanged, `required` ones too. Raises OperatorError."""
    try:
        content = json.loads((folder / NAME).read_text())
        if isinstance(content, dict) and content.get("format") not in (None, FORMAT):
            raise OperatorError(f"{folder} is a backup of another format, {content['format']}, not {FORMAT}: a newer "
                                "version made it.")
        manifest: Manifest = ManifestSchema().load(content)
    except (OSError, ValueError, ValidationError):
        raise OperatorError(f"{folder} is not a backup: {NAME} is missing or can't be read.") from None
    if missing := sorted(set(required) - manifest.files.keys()):
        raise OperatorError(f"{folder} is not a backup: {NAME} has no {missing[0]}.")
    for name, file in manifest.files.items():
        _verify(folder / name, file)
    return manifest


def _verify(path: Path, promised: File) -> None:
    try:
        found = describe(path, promised.holds, promised.secret)
    except OSError as problem:
        raise OperatorError(f"{path} can't be read: {problem.strerror}.") from None
    if found != promised:
        raise OperatorError(f"{path} is not what was backed up: its checksum differs from that in {NAME}.")
