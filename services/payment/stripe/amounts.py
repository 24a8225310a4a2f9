"""Amounts as Stripe writes them, which is not always in the minor units of ISO 4217.

https://docs.stripe.com/currencies lists the special cases. An amount that Stripe can't express exactly is not rounded:
it would not be the amount that was asked for.
"""

from schemas.currencies import minor_digits

# Written in whole units, even if ISO 4217 has smaller ones (MGA).
ZERO_DECIMAL = frozenset(("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
                          "XOF", "XPF"))
# Written in hundredths, but only whole units are taken: both currencies had smaller units once.
HUNDREDTHS_OF_WHOLE = frozenset(("ISK", "UGX"))
THREE_DECIMAL = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))   # the last digit must be 0


# The smallest payments, as Stripe writes them, in the currencies that it pays out in. For accounts paid out in another
# currency Stripe may ask for more, and says so with a code of its own.
MINIMA = {"AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50,
          "GBP": 30, "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50,
          "PLN": 200, "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50}
EIGHT_DIGITS, TWELVE_DIGITS = 99_999_999, 999_999_999_999
TAKES_MORE = frozenset(("COP", "HUF", "IDR", "INR", "JPY", "LBP"))   # than eight digits; Stripe checks how much


class Inexpressible(ValueError):
    """Stripe or ISO 4217 has no such amount in this currency."""


def to_stripe(amount: int, currency: str) -> int:
    """An amount in minor units of ISO 4217 as Stripe takes it. Raises Inexpressible."""
    scaled = amount * 10**_stripe_digits(currency)
    theirs, rest = divmod(scaled, 10**minor_digits(currency))
    if rest or theirs % _step(currency):
        raise Inexpressible(f"{amount} {currency}")
    return theirs


def from_stripe(amount: int, currency: str) -> int:
    """An amount of Stripe's in minor units of ISO 4217. Raises Inexpressible for less than the smallest of them."""
    ours, rest = divmod(amount * 10**minor_digits(currency), 10**_stripe_digits(currency))
    if rest:
        raise Inexpressible(f"{amount} {currency} at Stripe")
    return ours


def limits(currency: str) -> tuple[int, int]:
    """The least and the most of one payment, in minor units of ISO 4217; the least is 1 if it is not known."""
    least = from_stripe(MINIMA[currency], currency) if currency in MINIMA else 1
    most = TWELVE_DIGITS if currency in TAKES_MORE else EIGHT_DIGITS
    return least, most * 10**minor_digits(currency) // 10**_stripe_digits(currency)


def _stripe_digits(currency: str) -> int:
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def _step(currency: str) -> int:
    if currency in HUNDREDTHS_OF_WHOLE:
        return 100
    return 10 if currency in THREE_DECIMAL else 1
