"""The loyalty room's section of config.yml."""

from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, ValidationError, fields, post_load, validate, validates_schema

from schemas.base import Schema
from schemas.fields import LARGEST_PRICE, Currency, Id, Money, Text, TimeZone, Whole
from schemas.loyalty import DAYS_OF_A_CYCLE
from services.foundation.settings import read_section

MOST_POINTS = 1_000_000


@dataclass(frozen=True)
class Earning:
    """So many points for every `per` minor units, for seats and for snacks; at one cinema, or at all."""

    currency: str
    cinema: str | None
    seats_points: int
    seats_per: int
    snacks_points: int
    snacks_per: int


NOTHING = Earning("", None, seats_points=0, seats_per=1, snacks_points=0, snacks_per=1)


@dataclass(frozen=True)
class LoyaltySettings:
    """`rates`: at which points are redeemed. `tiers`: (name, points needed). `rewards`: of the seven days."""

    earning: list[Earning]
    rates: list[dict[str, Any]]
    tiers: list[tuple[str, int]]
    rewards: list[dict[str, Any]]
    time_zone: str
    compare_seconds: float

    def earning_of(self, cinema_id: str | None, currency: str) -> Earning:
        """The first rule that fits; without one, an order earns nothing."""
        return next((rule for rule in self.earning
                     if rule.currency == currency and rule.cinema in (None, cinema_id)), NOTHING)

    def rate_of(self, currency: str | None) -> dict[str, Any] | None:
        """The rate for a currency, or the first; None: points do not become money of this currency."""
        return next((rate for rate in self.rates if currency in (None, rate["currency"])), None)


class PerAmount(Schema):
    """`points` for every `per` minor units."""

    points = Whole(required=True, validate=validate.Range(min=0, max=MOST_POINTS))
    per = Whole(required=True, validate=validate.Range(min=1, max=MOST_POINTS))


class EarningRule(Schema):
    """What orders in a currency earn, at one cinema if it is named."""

    cinema = Id(load_default=None)
    currency = Currency(required=True)
    seats = fields.Nested(PerAmount, load_default={"points": 0, "per": 1})
    snacks = fields.Nested(PerAmount, load_default={"points": 0, "per": 1})

    @post_load
    def _rule(self, rule: dict[str, Any], **_: Any) -> Earning:
        rates = {f"{kind}_{name}": rule[kind][name] for kind in ("seats", "snacks") for name in ("points", "per")}
        return Earning(currency=rule["currency"], cinema=rule["cinema"], **rates)


class RateRule(Schema):
    """So many points become so many minor units of wallet money."""

    currency = Currency(required=True)
    points = Whole(required=True, validate=validate.Range(min=1, max=MOST_POINTS))
    amount = Whole(required=True, validate=validate.Range(min=1, max=MOST_POINTS))


class TierRule(Schema):
    """A tier, and the lifetime points that reach it."""

    name = Text(40, required=True)
    points = Whole(required=True, validate=validate.Range(min=0))


class RewardRule(Schema):
    """Points, or an amount of wallet money with its currency."""

    points = Whole(validate=validate.Range(min=1, max=MOST_POINTS))
    amount = Money(LARGEST_PRICE)
    currency = Currency()

    @validates_schema
    def _one_of_both(self, rule: dict[str, Any], **_: Any) -> None:
        if set(rule) not in ({"points"}, {"amount", "currency"}):
            raise ValidationError("A reward is `points`, or `amount` and `currency`.", "points")

    @post_load
    def _reward(self, rule: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"kind": "points" if "points" in rule else "wallet", **rule}


class LoyaltySection(Schema):
    """What config.yml may say under `loyalty`; loads LoyaltySettings."""

    class Meta:
        unknown = EXCLUDE

    earning = fields.List(fields.Nested(EarningRule), required=True)
    rates = fields.List(fields.Nested(RateRule), required=True)
    tiers = fields.List(fields.Nested(TierRule), required=True)
    rewards = fields.List(fields.Nested(RewardRule), required=True,
                          validate=validate.Length(equal=DAYS_OF_A_CYCLE, error="There are seven days."))
    time_zone = TimeZone(required=True)
    compare_seconds = fields.Float(required=True, validate=validate.Range(min=0, min_inclusive=False))

    @post_load
    def _settings(self, section: dict[str, Any], **_: Any) -> LoyaltySettings:
        tiers = [(tier["name"], tier["points"]) for tier in section["tiers"]]
        return LoyaltySettings(**{**section, "tiers": tiers})


def load(config: Any) -> LoyaltySettings:
    """The loyalty room's settings. Raises SettingsError with one sentence for each mistake."""
    settings: LoyaltySettings = read_section(config, "loyalty", LoyaltySection())
    return settings
