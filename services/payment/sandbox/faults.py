"""What goes wrong at the sandbox because a test wants it to."""

from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.engine import Connection

from services.payment.models import SandboxInstruction
from services.payment.sandbox import webhooks

Fault = Literal["decline", "time_out", "slow", "lose_authorize", "lose_capture", "lose_cancel", "lose_refund",
                "lose_fetch", webhooks.Fault]


def inject_fault(tx: Connection, order_id: str, fault: Fault, times: int = 1) -> None:
    """Let the next `times` calls for this order go wrong.

    The sandbox declines, is slow, does nothing and gives no answer (time_out), acts and loses the answer (lose_...),
    or delivers a webhook twice, late, after later ones, or never.
    """
    row = {"order_id": order_id, "trouble": fault, "times": times}
    tx.execute(upsert(SandboxInstruction).values(row).on_duplicate_key_update(times=times))


def take_faults(tx: Connection, order_id: str, *faults: str) -> set[str]:
    """Those of `faults` that are injected for this order; each has one time less afterwards."""
    here = ((SandboxInstruction.order_id == order_id) & SandboxInstruction.trouble.in_(faults)
            & (SandboxInstruction.times > 0))
    found = set(tx.execute(select(SandboxInstruction.trouble).where(here)).scalars())
    if found:
        tx.execute(update(SandboxInstruction).where(here).values(times=SandboxInstruction.times - 1))
    return found
