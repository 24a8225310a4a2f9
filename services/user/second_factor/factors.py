"""What a second factor does to signing in, and how one is set up. Each code counts once."""

import datetime as dt
import logging

from sqlalchemy.engine import Connection

from schemas.user import SecondFactorMissing, SecondFactorNotBegun, SecondFactorWrong
from services.user.second_factor import codes, store
from services.user.second_factor.cipher import Cipher

log = logging.getLogger("marquee.user")
BEGUN_FOR = dt.timedelta(minutes=15)


def check(tx: Connection, user_id: str, code: str | None, cipher: Cipher, now: dt.datetime) -> None:
    """Use up the code of an account with a second factor. Raises SecondFactorMissing and SecondFactorWrong."""
    factor = store.factor_of(tx, user_id)
    if factor is None or factor.since is None:
        return
    if not code:
        raise SecondFactorMissing()
    if not (_use_code(tx, user_id, cipher.decrypt(factor.secret), code, now)
            or store.use_recovery_code(tx, user_id, codes.digest(user_id, code))):
        raise SecondFactorWrong()


def _use_code(tx: Connection, user_id: str, secret: str | None, code: str, now: dt.datetime) -> bool:
    if secret is None:
        log.error("a second factor can't be read: was MARQUEE_SECOND_FACTOR_KEY replaced?", extra={"user_id": user_id})
        return False
    step = codes.matching_step(secret, code, now)
    return step is not None and store.use_step(tx, user_id, step)


def begin(tx: Connection, user_id: str, secret: str, cipher: Cipher, now: dt.datetime) -> dt.datetime:
    """Keep a new secret until it is confirmed; returns until when that is possible. Raises SecondFactorOff."""
    until = now + BEGUN_FOR
    store.save_new_secret(tx, user_id, cipher.encrypt(secret), until)
    return until


def confirm(tx: Connection, user_id: str, code: str, cipher: Cipher, now: dt.datetime) -> list[str]:
    """Let the new secret count if this is its code; returns the recovery codes.

    Raises SecondFactorNotBegun and SecondFactorWrong.
    """
    factor = store.factor_of(tx, user_id)
    secret = cipher.decrypt(factor.new_secret) if factor and factor.new_secret and factor.new_until > now else None
    if secret is None:
        raise SecondFactorNotBegun()
    step = codes.matching_step(secret, code, now)
    if step is None:
        raise SecondFactorWrong()
    store.confirm_new_secret(tx, user_id, step, now)
    recovery_codes = codes.new_recovery_codes()
    store.replace_recovery_codes(tx, user_id, [codes.digest(user_id, each) for each in recovery_codes])
    return recovery_codes
