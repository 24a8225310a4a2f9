"""The queries on second factors and recovery codes."""

import datetime as dt
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection, Row

from services.user.models import RecoveryCode, SecondFactor


def factor_of(tx: Connection, user_id: str) -> Row[Any] | None:
    """The second factor of an account, even if it has only been begun."""
    return tx.execute(select(SecondFactor.__table__).where(SecondFactor.user_id == user_id)).first()


def save_new_secret(tx: Connection, user_id: str, encrypted: str, until: dt.datetime) -> None:
    """Keep a secret that may be confirmed until then; the account is locked."""
    new = {"new_secret": encrypted, "new_until": until}
    if factor_of(tx, user_id) is None:
        tx.execute(insert(SecondFactor), {"user_id": user_id, **new})
    else:
        tx.execute(update(SecondFactor).where(SecondFactor.user_id == user_id).values(new))


def confirm_new_secret(tx: Connection, user_id: str, step: int, now: dt.datetime) -> None:
    """Let the new secret take the place of the one of before; the code of this time step is used."""
    tx.execute(update(SecondFactor).where(SecondFactor.user_id == user_id).values(
        secret=SecondFactor.new_secret, since=now, last_step=step))
    tx.execute(update(SecondFactor).where(SecondFactor.user_id == user_id).values(new_secret=None, new_until=None))


def use_step(tx: Connection, user_id: str, step: int) -> bool:
    """Use the code of this time step; False if it, or a later one, was used before."""
    unused = (SecondFactor.user_id == user_id) & (SecondFactor.last_step < step)
    return bool(tx.execute(update(SecondFactor).where(unused).values(last_step=step)).rowcount)


def delete_factor(tx: Connection, user_id: str) -> bool:
    """Delete the second factor of an account and what recovers it; returns whether there was a confirmed one."""
    factor = factor_of(tx, user_id)
    tx.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    tx.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
    return factor is not None and factor.since is not None


# --- recovery codes ---


def replace_recovery_codes(tx: Connection, user_id: str, digests: list[str]) -> None:
    """Keep these, and none of before."""
    tx.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    tx.execute(insert(RecoveryCode), [{"code_digest": digest, "user_id": user_id} for digest in digests])


def use_recovery_code(tx: Connection, user_id: str, digest: str) -> bool:
    """Use up a code; False if there is no such code, or not any more."""
    code = (RecoveryCode.user_id == user_id) & (RecoveryCode.code_digest == digest)
    return bool(tx.execute(delete(RecoveryCode).where(code)).rowcount)


def count_recovery_codes(tx: Connection, user_id: str) -> int:
    """How many codes are left."""
    codes = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user_id)
    return int(tx.execute(codes).scalar_one())
