"""Amounts of money as people of a language write them, for mails and for pages without scripts."""

from decimal import Decimal

from babel import Locale
from babel.numbers import format_currency, parse_pattern

from schemas.currencies import digits_shown

LOCALES = {"en": "en_GB", "zh": "zh_Hans_CN"}


def localized_money(minor: int, currency: str, language: str) -> str:
    """An amount in minor units, with the digits of ISO 4217; Babel's own are those in common use."""
    locale, digits = LOCALES[language], digits_shown(currency)
    pattern = parse_pattern(Locale.parse(locale).currency_formats["standard"].pattern)
    pattern.frac_prec = (digits, digits)
    return format_currency(Decimal(minor).scaleb(-digits), currency, pattern, locale, currency_digits=False)
