"""The section `limits` of config.yml, as one typed object."""

import ipaddress
from dataclasses import dataclass
from functools import cache
from typing import Any

from limits import RateLimitItem
from marshmallow import ValidationError, fields, post_load, validate
from nameko import config

from gateway.client_address import IpNetwork
from schemas.base import Schema
from schemas.fields import Whole
from services.foundation.rate_limits import RateLimit, multiplied
from services.foundation.settings import read_section

KINDS = ("proof_of_work", "none")
AT_LEAST_ONE = validate.Range(min=1)


@dataclass(frozen=True)
class Allowance:
    """How often something may be done by one address, and by one account; None: as often as it likes."""

    address: RateLimitItem
    account: RateLimitItem | None = None

    def times(self, factor: int) -> "Allowance":
        """The same for a crowd of so many clients."""
        return Allowance(multiplied(self.address, factor), self.account and multiplied(self.account, factor))


@dataclass(frozen=True)
class ChallengeSettings:
    """`free`: what is done without a challenge. `seconds`: the time to answer one. `tries`: that an answer takes."""

    kind: str
    free: Allowance
    seconds: int
    tries: int


@dataclass(frozen=True)
class LimitSettings:
    """`allowances`: by the class of a method, such as `holds`."""

    trusted_proxies: frozenset[IpNetwork]
    allowances: dict[str, Allowance]
    challenge: ChallengeSettings


class Network(fields.Field[IpNetwork]):
    """A network or an address, such as 10.0.0.0/8."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> IpNetwork:
        try:
            return ipaddress.ip_network(str(value))
        except ValueError:
            raise ValidationError("Not a network such as 10.0.0.0/8.") from None


class AllowanceSection(Schema):
    """Loads an Allowance."""

    address = RateLimit(required=True)
    account = RateLimit(load_default=None)

    @post_load
    def _typed(self, values: dict[str, Any], **_: Any) -> Allowance:
        return Allowance(**values)


class ChallengeSection(AllowanceSection):
    """Loads ChallengeSettings."""

    account = RateLimit(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    seconds = Whole(required=True, validate=AT_LEAST_ONE)
    tries = Whole(required=True, validate=validate.Range(min=1, max=10_000))

    @post_load
    def _typed(self, values: dict[str, Any], **_: Any) -> ChallengeSettings:
        return ChallengeSettings(values["kind"], Allowance(values["address"], values["account"]), values["seconds"],
                                 values["tries"])


class LimitsSection(Schema):
    """What config.yml may say under `limits`; loads LimitSettings."""

    trusted_proxies = fields.List(Network(), required=True)
    crowd = Whole(required=True, validate=AT_LEAST_ONE)
    registration = fields.Nested(AllowanceSection, required=True)
    guests = fields.Nested(AllowanceSection, required=True)
    sign_in = fields.Nested(AllowanceSection, required=True)
    holds = fields.Nested(AllowanceSection, required=True)
    reads = fields.Nested(AllowanceSection, required=True)
    writes = fields.Nested(AllowanceSection, required=True)
    forgeries = fields.Nested(AllowanceSection, required=True)
    page_errors = fields.Nested(AllowanceSection, required=True)
    challenge = fields.Nested(ChallengeSection, required=True)

    @post_load
    def _typed(self, values: dict[str, Any], **_: Any) -> LimitSettings:
        proxies, crowd = frozenset(values.pop("trusted_proxies")), values.pop("crowd")
        challenge: ChallengeSettings = values.pop("challenge")
        return LimitSettings(
            proxies, {name: allowance.times(crowd) for name, allowance in values.items()},
            ChallengeSettings(challenge.kind, challenge.free.times(crowd), challenge.seconds, challenge.tries))


@cache
def limit_settings() -> LimitSettings:
    """The settings of this process. Raises SettingsError with a sentence for each mistake."""
    settings: LimitSettings = read_section(config, "limits", LimitsSection())
    return settings
