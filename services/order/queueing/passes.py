"""Passes of a sale queue: a message authentication code over the screening, the account and the end. Pure: no I/O.

    <end, ms since 1970>.<HMAC-SHA256>      the key is derived from the key that signs tickets (HKDF, RFC 5869)

So a pass is good in every process of the room, and worthless to another account or for another screening.
"""

import hashlib
import hmac
import re
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.order.tickets.codes import TicketKeys, as_text

PASS = re.compile(r"([1-9][0-9]{12})\.([\w-]{43})", re.ASCII)


@lru_cache(maxsize=16)
def pass_keys(keys: TicketKeys) -> tuple[bytes, ...]:
    """A key for passes from each of the cinema's ticket keys, the signing one first."""
    return tuple(HKDF(SHA256(), 32, None, b"marquee queue pass").derive(secret) for secret in keys.secrets())


def give_pass(keys: TicketKeys, screening_id: str, account: str, ends_ms: int) -> str:
    """The pass of this account for this screening; the same each time."""
    return f"{ends_ms}.{_code(pass_keys(keys)[0], screening_id, account, ends_ms)}"


def end_of(given: str | None, keys: TicketKeys, screening_id: str, account: str) -> int:
    """Until when a pass lets this account buy here, in ms since 1970; 0 if it is none, or not for them."""
    parts = PASS.fullmatch(given or "")
    if parts is None:
        return 0
    ends_ms = int(parts[1])
    genuine = any(hmac.compare_digest(parts[2], _code(key, screening_id, account, ends_ms)) for key in pass_keys(keys))
    return ends_ms if genuine else 0


def _code(key: bytes, screening_id: str, account: str, ends_ms: int) -> str:
    # No id has a tilde, so no two sets of facts read the same.
    return as_text(hmac.digest(key, f"{screening_id}~{account}~{ends_ms}".encode(), hashlib.sha256))
