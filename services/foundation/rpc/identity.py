"""Who a call is made for, signed: an account at RabbitMQ does not suffice to act as a user.

The gateway signs for the user whom it has verified, and a room for the caller of the call at hand. `@call` checks it.
docs/decisions/callers-are-signed.md says what this protects against.
"""

import hmac
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from marshmallow import Schema, fields
from marshmallow.validate import Range

from schemas.base import Method
from services.foundation.secret_file import make_file
from services.foundation.settings import SettingsError, check_identity, read_section

HEADER = "identity"           # of a call's context, beside `caller`
SHORTEST_KEY = 32             # characters
GRACE_SECONDS = 5.0           # a signature outlives the deadline of its call by this
FAULTS = ("missing", "wrong", "expired")


class IdentitySection(Schema):
    """The section `identity` of config.yml."""

    key = fields.String(load_default="", allow_none=True)
    key_file = fields.String(load_default="", allow_none=True)
    skew_seconds = fields.Float(load_default=5.0, validate=Range(min=0, max=60))
    required = fields.Boolean(load_default=True)


@dataclass(frozen=True)
class Identities:
    """Signs callers with the first of the `keys`, and believes those that any of them has signed.

    `skew_seconds`: by which the clocks of machines may differ. `required`: whether a caller without a good signature is
    refused; it is counted anyway.
    """

    keys: Sequence[bytes]
    skew_seconds: float = 5.0
    required: bool = True

    def sign(self, context: dict[str, Any], method: Method, seconds: float) -> str:
        """The signature for the caller in a call's context to call this method within `seconds`."""
        return self.sign_by_name(context, f"{method.room}.{method.name}", seconds)

    def sign_by_name(self, context: dict[str, Any], method: str, seconds: float) -> str:
        """Like `sign`, for `<room>.<method>`."""
        expires = int((time.time() + seconds + GRACE_SECONDS) * 1000)
        return f"{expires}.{_digest(self.keys[0], context, method, expires).hex()}"

    def fault(self, context: dict[str, Any], method: str) -> str | None:
        """What is wrong with the caller in the context of a call of `<room>.<method>`: one of FAULTS, or None.

        Nothing is wrong with a call without a caller: it is a stranger's, or a room's own.
        """
        if not isinstance(context.get("caller"), dict) or not context["caller"]:
            return None
        signature = context.get(HEADER)
        if not isinstance(signature, str) or not signature:
            return "missing"
        if not (parts := SIGNATURE.fullmatch(signature)):
            return "wrong"
        expires, given = int(parts[1]), bytes.fromhex(parts[2])
        try:
            genuine = [hmac.compare_digest(_digest(key, context, method, expires), given) for key in self.keys]
        except TypeError:   # what came over AMQP is not JSON, as all that we sign is
            return "wrong"
        if not any(genuine):
            return "wrong"
        return "expired" if time.time() * 1000 > expires + self.skew_seconds * 1000 else None


SIGNATURE = re.compile(r"(\d{1,15})\.([0-9a-f]{64})", re.ASCII)


def _digest(key: bytes, context: dict[str, Any], method: str, expires: int) -> bytes:
    signed = [context["caller"], method, context.get("request_id"), expires]
    return hmac.digest(key, orjson.dumps(signed, option=orjson.OPT_SORT_KEYS), "sha256")


def identity_settings(settings: Any) -> dict[str, Any]:
    """The section of a configuration. Raises SettingsError."""
    return dict(read_section(settings, "identity", IdentitySection()))


def load(settings: Any) -> Identities:
    """The Identities of a configuration; locally a key is made in the run folder. Raises SettingsError."""
    section = identity_settings(settings)
    return Identities(_keys(settings, section), section["skew_seconds"], section["required"])


def _keys(settings: Any, section: dict[str, Any]) -> list[bytes]:
    if section["key"]:
        return _read(section["key"], "MARQUEE_IDENTITY_KEY")
    path = Path(section["key_file"] or Path(settings["run_folder"]) / "identity.key").expanduser()
    if not section["key_file"]:
        check_identity(settings)
        if not path.exists():
            make_file(path, secrets.token_hex(32).encode() + b"\n")
    try:
        return _read(path.read_text(encoding="ascii"), str(path))
    except (OSError, ValueError) as problem:
        raise SettingsError(f"The keys in {path} can't be read: {type(problem).__name__}.") from None


def _read(text: str, where: str) -> list[bytes]:
    """Keys separated by commas or white space, the signing one first."""
    keys = re.split(r"[,\s]+", text.strip(", \t\r\n"))
    if any(len(key) < SHORTEST_KEY for key in keys):
        raise SettingsError(f"{where}: each key that signs callers needs {SHORTEST_KEY} characters or more. "
                            "`openssl rand -hex 32` makes one.")
    return [key.encode() for key in keys]
