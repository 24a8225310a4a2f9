"""The sandbox's page as the gateway serves it: HTML to show, or where to send the buyer."""

from typing import Any

from services.foundation.database import Transactions
from services.payment.sandbox import checkout, page


def show(database: Transactions, payment_id: str, language: str) -> dict[str, Any]:
    """The page of a payment as a PaymentPage; once it has ended, the address to return to. Raises UnknownPayment."""
    return _served(database.run_known(lambda tx: checkout.visit(tx, payment_id)), language)


def answer(database: Transactions, payment_id: str, language: str, choice: str, code: str) -> dict[str, Any]:
    """The same after the buyer's choice; the choice `abandon` leaves the page. Raises UnknownPayment."""
    visit = database.run_known(lambda tx: checkout.choose(tx, payment_id, choice, code))
    return _served(visit, language, leaves=choice == "abandon")


def _served(visit: checkout.Visit, language: str, leaves: bool = False) -> dict[str, Any]:
    if leaves or visit.is_over:
        return {"html": None, "location": visit.return_url, "return_origin": None}
    return {"html": page.render(visit, language), "location": None, "return_origin": page.return_origin(visit)}
