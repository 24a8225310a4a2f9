"""The minor units of currencies by ISO 4217, for programmes, pages, mails and payment providers alike."""

import iso4217

# Codes without a minor unit there (gold, testing codes, units of account) are not money that buyers pay with.
MINOR_DIGITS = {each.code: each.exponent for each in iso4217.Currency if each.exponent is not None}


class UnknownCurrency(ValueError):
    """ISO 4217 has no such currency, or buyers can't pay with it, as with gold (XAU)."""


def minor_digits(currency: str) -> int:
    """How many digits an amount in `currency` has after the point: 2 for EUR, 0 for JPY. Raises UnknownCurrency."""
    if currency not in MINOR_DIGITS:
        raise UnknownCurrency(currency)
    return MINOR_DIGITS[currency]


def digits_shown(currency: str) -> int:
    """Like `minor_digits`, for amounts that are only shown: 2 for a code that ISO 4217 has withdrawn since."""
    return MINOR_DIGITS.get(currency, 2)


def format_money(amount: int, currency: str) -> str:
    """An `amount` in minor units as text, such as EUR 12.00, KWD 4.500 or JPY 1,200."""
    digits = digits_shown(currency)
    whole, rest = divmod(amount, 10**digits)
    return f"{currency} {whole:,}" + (f".{rest:0{digits}d}" if digits else "")
