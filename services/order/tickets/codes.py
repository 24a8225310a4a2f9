"""Ticket codes: signed, so that a scanner at the door can verify one without a network.

    M1.<key id>.<ticket>~<screening>~<seat>.<signature>     Ed25519 (RFC 8032), over all before the last dot

A code proves that this cinema made the ticket, not that it is still valid: only the order room knows which were
refunded.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

CODE = re.compile(r"(M1\.([\w-]{8})\.([\w-]{1,64})~([\w-]{1,64})~([A-Z]{1,2}[1-9][0-9]{0,2}))\.([\w-]{86})", re.ASCII)


class FalseCode(Exception):
    """No key of this cinema has signed this code."""


class UnknownKey(FalseCode):
    """The code names a key that this cinema does not have."""


@dataclass(frozen=True)
class TicketFacts:
    """The facts in a code."""

    ticket_id: str
    screening_id: str
    seat_id: str


class TicketKeys:
    """The keys of this cinema: the first one signs, the others verify tickets sold before.

    `public`: the public keys, 32 bytes each, by key id.
    """

    def __init__(self, keys: Sequence[Ed25519PrivateKey]) -> None:
        self._signing = keys[0]
        self._private = keys
        public = [key.public_key().public_bytes_raw() for key in keys]
        self.public = {_key_id(key): key for key in public}
        self._key_id = _key_id(public[0])

    def sign(self, facts: TicketFacts) -> str:
        """The code of a ticket; the same each time."""
        signed = f"M1.{self._key_id}.{facts.ticket_id}~{facts.screening_id}~{facts.seat_id}"
        return f"{signed}.{as_text(self._signing.sign(signed.encode()))}"

    def sign_text(self, text: bytes) -> dict[str, str]:
        """`key_id` and `signature` of a text that is no ticket code, by the key that signs."""
        return {"key_id": self._key_id, "signature": as_text(self._signing.sign(text))}

    def secrets(self) -> list[bytes]:
        """The private keys, 32 bytes each, the signing one first: for deriving keys for other ends, nothing else."""
        return [key.private_bytes_raw() for key in self._private]


def read(code: str, keys: Mapping[str, bytes]) -> TicketFacts:
    """The facts in a code that one of these public keys (by key id) verifies. Raises FalseCode or UnknownKey."""
    parts = CODE.fullmatch(code)
    if parts is None:
        raise FalseCode()
    if parts[2] not in keys:
        raise UnknownKey()
    signature = base64.urlsafe_b64decode(parts[6] + "==")
    if as_text(signature) != parts[6]:  # its last letter has spare bits: one signature, one spelling
        raise FalseCode()
    try:
        Ed25519PublicKey.from_public_bytes(keys[parts[2]]).verify(signature, parts[1].encode())
    except (InvalidSignature, ValueError):
        raise FalseCode() from None
    return TicketFacts(parts[3], parts[4], parts[5])


def as_text(key: bytes) -> str:
    """Bytes in base64url without padding (RFC 4648)."""
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()


def _key_id(public: bytes) -> str:
    return as_text(hashlib.sha256(public).digest())[:8]
