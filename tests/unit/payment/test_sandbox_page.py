"""The sandbox's page as HTML."""

import pytest

from services.payment.sandbox.checkout import CheckoutSession
from services.payment.sandbox.page import render


@pytest.mark.parametrize(("currency", "language", "written"), [
    ("EUR", "en", "€49.20"), ("EUR", "zh", "€49.20"), ("CNY", "zh", "¥49.20"), ("KWD", "en", "KWD4.920")])
def test_the_amount_is_written_as_the_other_pages_write_it(currency: str, language: str, written: str) -> None:
    session = CheckoutSession("p1", 4920, currency, "pending", "https://cinema.example/order/o1", wrong_code=False)
    assert f"<strong>{written}</strong>" in render(session, language, "dark")
