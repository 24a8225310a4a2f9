"""config.yml, read and checked once; each mistake in it is reported in one sentence."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from marshmallow import Schema, ValidationError
from nameko import config
from nameko.cli.utils.config import load_config
from nameko.extensions import DependencyProvider

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config.yml"
PLACEHOLDER = "local-only"
Place = tuple[str | int, ...]    # where a setting stands in config.yml, such as ("order", "refund_tiers", 0)


class SettingsError(Exception):
    """config.yml or the environment has a setting that is not allowed; `str` says which, in one sentence each.

    `mistakes`: those of config.yml by their places, where these are known.
    """

    def __init__(self, sentences: str, mistakes: Sequence[tuple[Place, str]] = ()) -> None:
        super().__init__(sentences)
        self.mistakes = tuple(mistakes)


def load(path: Path = CONFIG) -> dict[str, Any]:
    """Read config.yml into Nameko's own `config`, check it, and return it. Raises SettingsError."""
    config.update(read(path))
    check(config)
    return dict(config)


def config_file() -> Path:
    """The file that this process was started with, as that file says."""
    return ROOT / str(config.get("config_file") or "config.yml")


def read(path: Path) -> dict[str, Any]:
    """What a config.yml says now, with the environment's values in it. Raises SettingsError, or yaml.YAMLError."""
    try:
        with path.open(encoding="utf-8") as file:
            found = load_config(file)
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsError(f"{path} can't be read: {getattr(problem, 'strerror', None) or 'not UTF-8'}.") from None
    if not isinstance(found, dict):
        raise SettingsError(f"{path} has no settings: names and values are expected.")
    return found


def check(settings: Any) -> None:
    """Check passwords and money. Raises SettingsError with one sentence.

    Placeholder passwords are for local use on loopback addresses only. Outside local use, test money must be allowed by
    name (MARQUEE_ALLOW_TEST_MONEY), and real money needs an address that buyers can reach.
    """
    try:
        _check_passwords(settings)
        _check_clusters(settings)
        _check_money(settings)
    except (KeyError, TypeError, AttributeError) as missing:  # half of a file, say
        raise SettingsError(f"config.yml: something is missing or has another form: {missing}") from None


def _check_clusters(settings: Any) -> None:
    for name, uri in settings["REDIS_URIS"].items():
        if "+cluster:" in uri and urlsplit(uri).path.strip("/") not in ("", "0"):
            raise SettingsError(f"REDIS_URIS.{name} names a database, but a Redis Cluster has only number 0.")


def _check_passwords(settings: Any) -> None:
    addresses = [*settings["AMQP_URI"].split(";"), *settings["REDIS_URIS"].values(), *settings["DB_URIS"].values()]
    placeholders = any(urlsplit(address).password == PLACEHOLDER for address in addresses)
    if not placeholders:
        return
    if settings["environment"] != "local":
        raise SettingsError(
            "MARQUEE_ENVIRONMENT is not `local`, but a password still has its placeholder. "
            "Set MARQUEE_AMQP_PASSWORD, MARQUEE_REDIS_PASSWORD and MARQUEE_DB_PASSWORD."
        )
    outside = [host for address in addresses for host, _ in hosts(address) if not is_loopback(host)]
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
        mistakes = list(_mistakes((name,), problem.normalized_messages()))
        sentences = (f"config.yml, {'.'.join(map(str, place))}: {sentence}" for place, sentence in mistakes)
        raise SettingsError("; ".join(sentences), mistakes) from None


def _mistakes(place: Place, wrong: Any) -> Iterator[tuple[Place, str]]:
    if isinstance(wrong, dict):
        for name, inside in wrong.items():
            yield from _mistakes((*place, name), inside)
    else:
        yield place, " ".join(wrong)


class RoomSettings(DependencyProvider):
    """Injects the room's own section of config.yml as a typed record.

    A room with mistakes in its section does not start: SettingsError has a sentence for each. A running room takes over
    the settings of a changed file (see reloading), except those that it only reads when it starts.
    """

    def __init__(self, schema: type[Schema], at_start: Sequence[str] = ()) -> None:
        """`at_start`: names of settings that a running room can't take over."""
        self._schema = schema
        self.at_start = frozenset({"max_workers", *at_start})

    def load(self, settings: Any, room: str) -> Any:
        """The record of this room's section in `settings`. Raises SettingsError."""
        return read_section(settings, room, self._schema())

    def setup(self) -> None:
        """Load the section. Raises SettingsError."""
        self.reload()

    def settings_read_again(self, path: str) -> bool:
        """Whether `reload` takes over this setting, such as order.hold_minutes."""
        section, _, name = path.partition(".")
        return section == self.container.service_name and name not in self.at_start

    def reload(self) -> None:
        """Take the section as it is now. Raises SettingsError, and then changes nothing."""
        self._settings = self.load(config, self.container.service_name)

    def get_dependency(self, worker_ctx: Any) -> Any:
        """What the schema made of the section: the same record until it is loaded again."""
        return self._settings


def is_test_key(key: str) -> bool:
    """Whether Stripe moves no real money for this secret key, whole or restricted."""
    return key.startswith(("sk_test_", "rk_test_"))


def is_demonstration(settings: Any) -> bool:
    """Whether this is a demonstration, in which every page, ticket and message says that no real money is taken."""
    return settings["allow_test_money"] in (True, "yes")


def hosts(uri: str) -> list[tuple[str, int | None]]:
    """The host and port of each server that a URI names: `redis+cluster://:secret@one:6379,two:6379/0` names two.

    A server without a port has that of the last one, so that a variable of the environment can hold the names.
    """
    places = [urlsplit(f"//{place}") for place in urlsplit(uri).netloc.rpartition("@")[2].split(",")]
    return [(place.hostname or "", place.port or places[-1].port) for place in places]


def is_loopback(host: str) -> bool:
    """Whether this host, by name or address, is this machine and no other."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def public_url(settings: Any) -> str:
    """Where buyers find the pages, such as https://cinema.example, without a slash at its end."""
    return str(settings["public_url"] or f"http://{settings['WEB_SERVER_ADDRESS']}").rstrip("/")

