"""The file with the keys that sign ticket codes: the operator's, or one made at the first local start."""

import re
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nameko import config
from nameko.extensions import DependencyProvider

from services.foundation.secret_file import make_file
from services.foundation.settings import SettingsError
from services.order.tickets.codes import TicketKeys, as_text

KEY = re.compile(b"-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----", re.DOTALL)


class TicketKeyFile(DependencyProvider):
    """Injects the TicketKeys of `order.ticket_key_file`. A room without good keys does not start."""

    def setup(self) -> None:
        self._keys = load(config)

    def get_dependency(self, worker_ctx: Any) -> TicketKeys:
        return self._keys


def load(settings: Any) -> TicketKeys:
    """The keys that a configuration names, or local ones. Raises SettingsError for a missing or unreadable file."""
    if given := settings["order"]["ticket_key_file"]:
        return read_file(Path(given).expanduser())
    if settings["environment"] != "local":
        raise SettingsError("MARQUEE_ENVIRONMENT is not `local`, but MARQUEE_TICKET_KEY names no file with the key "
                            "that signs tickets. `openssl genpkey -algorithm ed25519` makes one.")
    path = Path(settings["run_folder"]).expanduser() / "ticket.key"
    if not path.exists():
        make_file(path, new_key())
    return read_file(path)


def read_file(path: Path) -> TicketKeys:
    """Read one or more Ed25519 keys as PEM, the signing one first. Raises SettingsError."""
    try:
        keys = [serialization.load_pem_private_key(pem, password=None) for pem in KEY.findall(path.read_bytes())]
    except (OSError, ValueError) as problem:
        raise SettingsError(f"The ticket keys in {path} can't be read: {type(problem).__name__}.") from None
    signing = [key for key in keys if isinstance(key, Ed25519PrivateKey)]
    if not signing or len(signing) != len(keys):
        raise SettingsError(f"{path} must hold Ed25519 keys as PEM, and nothing else.")
    return TicketKeys(signing)


def new_key() -> bytes:
    """A new private key as PEM."""
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def public_keys(keys: TicketKeys) -> list[dict[str, str]]:
    """The public keys, the one in use first, in the fields of schemas.order.tickets.TicketKey."""
    return [{"key_id": key_id, "algorithm": "Ed25519", "public_key": as_text(public)}
            for key_id, public in keys.public.items()]
