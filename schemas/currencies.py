"""The minor units of currencies, by ISO 4217: one table for programmes, pages, mails and payment providers."""

import iso4217

# What has no minor unit there (gold, testing codes, units of account) is no money that buyers pay with.
MINOR_DIGITS = {each.code: each.exponent for each in iso4217.Currency if each.exponent is not None}


class UnknownCurrency(ValueError):
    """ISO 4217 has no such currency, or none that buyers could pay with."""


def minor_digits(currency: str) -> int:
    """How many digits an amount in `currency` has after the point. Raises UnknownCurrency."""
    if currency not in MINOR_DIGITS:
        raise UnknownCurrency(currency)
    return MINOR_DIGITS[currency]


def digits_shown(currency: str) -> int:
    """The same where an amount is only shown: old orders outlive their currency, which then counts as one with two."""
    return MINOR_DIGITS.get(currency, 2)


def format_money(amount: int, currency: str) -> str:
    """EUR 12.00, KWD 4.500 or JPY 1,200 of an `amount` in minor units."""
    digits = digits_shown(currency)
    whole, rest = divmod(amount, 10**digits)
    return f"{currency} {whole:,}" + (f".{rest:0{digits}d}" if digits else "")
