"""config.yml, read and checked once; each mistake in it is reported in one sentence."""

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from marshmallow import Schema, ValidationError
from nameko import config
from nameko.cli.utils import setup_config
from nameko.extensions import DependencyProvider

CONFIG = Path(__file__).resolve().parents[2] / "config.yml"
PLACEHOLDER = "local-only"


class SettingsError(Exception):
    """config.yml or the environment has a setting that is not allowed; `str` says which, in one sentence each."""


def load(path: Path = CONFIG) -> dict[str, Any]:
    """Read config.yml into Nameko's own `config`, check it, and return it. Raises SettingsError."""
    with path.open() as file:
        setup_config(file, [], None)
    check(config)
    return dict(config)


def check(settings: Any) -> None:
    """Check passwords and money. Raises SettingsError with one sentence.

    Placeholder passwords are for local use on loopback addresses only. Outside local use, test money must be allowed by
    name (MARQUEE_ALLOW_TEST_MONEY), and real money needs an address that buyers can reach.
    """
    _check_passwords(settings)
    _check_money(settings)


def _check_passwords(settings: Any) -> None:
    addresses = [settings["AMQP_URI"], *settings["REDIS_URIS"].values(), *settings["DB_URIS"].values()]
    placeholders = any(urlsplit(address).password == PLACEHOLDER for address in addresses)
    if not placeholders:
        return
    if settings["environment"] != "local":
        raise SettingsError(
            "MARQUEE_ENVIRONMENT is not `local`, but a password still has its placeholder. "
            "Set MARQUEE_AMQP_PASSWORD, MARQUEE_REDIS_PASSWORD and MARQUEE_DB_PASSWORD."
        )
    outside = [host for address in addresses if not is_loopback(host := urlsplit(address).hostname or "")]
    web = str(settings["WEB_SERVER_ADDRESS"]).rpartition(":")[0]
    if outside or not is_loopback(web):
        raise SettingsError(
            f"Placeholder passwords are for loopback addresses only, not for {(outside or [web or 'all'])[0]}. "
            "Set MARQUEE_ENVIRONMENT and the three passwords."
        )


def _check_money(settings: Any) -> None:
    allowed, stripe = settings["allow_test_money"], settings["payment"]["provider"] == "stripe"
    if allowed not in (True, False, "yes", "no"):
        raise SettingsError(f"MARQUEE_ALLOW_TEST_MONEY is yes or no, not {allowed!r}.")
    key = str(settings["payment"]["stripe"]["secret_key"] or "") if stripe else ""
    if is_demonstration(settings):
        if key and not is_test_key(key):
            raise SettingsError("MARQUEE_ALLOW_TEST_MONEY is `yes`, but MARQUEE_STRIPE_SECRET_KEY takes real money.")
        return
    if settings["environment"] == "local":
        return
    address = urlsplit(str(settings["public_url"] or ""))
    for wrong, reason in (
        (settings["payment"]["provider"] == "sandbox", "MARQUEE_PAYMENT_PROVIDER is `sandbox`, which takes test money"),
        (is_test_key(key), "MARQUEE_STRIPE_SECRET_KEY takes test money"),
        (not address.netloc or is_loopback(address.hostname or ""), "MARQUEE_PUBLIC_URL can't be reached by buyers"),
    ):
        if wrong:
            raise SettingsError(f"MARQUEE_ENVIRONMENT is not `local`, but {reason}. For a demonstration set "
                                "MARQUEE_ALLOW_TEST_MONEY=yes: then everything that buyers see says so.")


def read_section(settings: Any, name: str, schema: Schema) -> Any:
    """Load one section of config.yml, such as "order", by its schema, and return what the schema makes of it.

    Raises SettingsError with one sentence for each mistake, such as
    "config.yml, order.refund_tiers.0.percent: Not a whole number."
    """
    try:
        return schema.load(settings.get(name) or {})
    except ValidationError as problem:
        raise SettingsError("; ".join(_mistakes(name, problem.normalized_messages()))) from None


def _mistakes(where: str, wrong: Any) -> Iterator[str]:
    if isinstance(wrong, dict):
        for name, inside in wrong.items():
            yield from _mistakes(f"{where}.{name}", inside)
    else:
        yield f"config.yml, {where}: {' '.join(wrong)}"


class RoomSettings(DependencyProvider):
    """Injects the room's own section of config.yml as a typed record, loaded once when the room starts.

    A room with mistakes in its section does not start: SettingsError has a sentence for each.
    """

    def __init__(self, schema: type[Schema]) -> None:
        self._schema = schema

    def setup(self) -> None:
        """Load the section. Raises SettingsError."""
        self._settings = read_section(config, self.container.service_name, self._schema())

    def get_dependency(self, worker_ctx: Any) -> Any:
        """What the schema made of the section: the same record for every call."""
        return self._settings


def is_test_key(key: str) -> bool:
    """Whether Stripe moves no real money for this secret key, whole or restricted."""
    return key.startswith(("sk_test_", "rk_test_"))


def is_demonstration(settings: Any) -> bool:
    """Whether this is a demonstration, in which every page, ticket and message says that no real money is taken."""
    return settings["allow_test_money"] in (True, "yes")


def is_loopback(host: str) -> bool:
    """Whether this host, by name or address, is this machine and no other."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def public_url(settings: Any) -> str:
    """Where buyers find the pages, such as https://cinema.example, without a slash at its end."""
    return str(settings["public_url"] or f"http://{settings['WEB_SERVER_ADDRESS']}").rstrip("/")

