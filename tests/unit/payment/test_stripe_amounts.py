"""Amounts are converted by Stripe's rules for each currency."""

import pytest

from services.payment.stripe.amounts import Inexpressible, from_stripe, to_stripe

AMOUNTS = [  # in minor units of ISO 4217, and as Stripe writes them
    (1250, "EUR", 1250), (1250, "USD", 1250), (250000, "HUF", 250000), (30000, "TWD", 30000),
    (2500, "JPY", 2500), (2500, "KRW", 2500), (2500, "CLP", 2500), (2500, "XPF", 2500),
    (2500, "ISK", 250000), (9000, "UGX", 900000),       # hundredths of what has none
    (250000, "MGA", 2500),                              # whole units of what has fifths, written as hundredths
    (4500, "KWD", 4500), (4510, "BHD", 4510), (10, "TND", 10),
]


@pytest.mark.parametrize(("ours", "currency", "theirs"), AMOUNTS)
def test_an_amount_survives_the_conversion_to_stripe_and_back(ours: int, currency: str, theirs: int) -> None:
    assert to_stripe(ours, currency) == theirs
    assert from_stripe(theirs, currency) == ours


@pytest.mark.parametrize(("ours", "currency"), [(4505, "KWD"), (1, "OMR"), (250050, "MGA")])
def test_an_amount_that_stripe_can_not_express_is_not_rounded(ours: int, currency: str) -> None:
    with pytest.raises(Inexpressible):
        to_stripe(ours, currency)


@pytest.mark.parametrize(("theirs", "currency"), [(250050, "ISK"), (1, "UGX")])
def test_an_amount_of_stripe_s_below_a_minor_unit_is_not_rounded(theirs: int, currency: str) -> None:
    with pytest.raises(Inexpressible):
        from_stripe(theirs, currency)
