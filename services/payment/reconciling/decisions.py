"""What a person has decided about a case, recorded together with its operation."""

from dataclasses import dataclass

from sqlalchemy.engine import Connection

from schemas.payment import OPERATED
from services.foundation.database import utc_now
from services.foundation.events.operations import operator, write_operation
from services.payment.models import OUTBOX
from services.payment.payment_state import PaymentRecord
from services.payment.reconciling import store
from services.payment.reconciling.review_cases import Case


@dataclass(frozen=True)
class Decision:
    """A decision about a case, by whom, and why."""

    case: Case
    decision: str
    by: str
    because: str

    def record(self, tx: Connection, taken: PaymentRecord | None = None) -> None:
        """Record the decision; `taken`: money at the provider that goes back by it."""
        case = self.case
        store.record_decision(tx, case.about, self.decision, self.by, self.because, utc_now())
        write_operation(
            tx, OUTBOX, OPERATED, operator("review decide"), "review.decide", about=case.about,
            before={"case": case.text, "order_id": case.order_id, "provider": case.provider},
            after={"decision": self.decision, "decided_by": self.by}, reason=self.because,
            money=None if taken is None else {"amount": -(taken.amount or 0), "currency": taken.currency,
                                              "source_id": case.payment_id})
