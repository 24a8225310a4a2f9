"""The methods that the gateway serves, and how their addresses may be spelled."""

import re
from functools import lru_cache

from schemas import catalogue
from schemas.base import Method

NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]{0,40}\Z")
PUBLIC: dict[tuple[str, str], Method] = {
    key: method for key, method in catalogue.methods().items() if method.access != "internal"
}


def snake_case(name: str) -> str:
    """GetAllList -> get_all_list; a name in snake_case stays."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def verbs_of(method: Method) -> tuple[str, ...]:
    """The HTTP verbs of a method: a read takes GET and HEAD as well as POST."""
    return ("GET", "HEAD", "POST") if method.reads else ("POST",)


@lru_cache(maxsize=1024)
def find(path: str) -> Method | None:
    """The method at /room/method, in snake_case or PascalCase, with or without a service class between."""
    parts = path.split("/")[1:]
    if len(parts) not in (2, 3) or not all(NAME.match(part) for part in parts):
        return None
    room, name = snake_case(parts[0]), snake_case(parts[-1])
    # /order/OrderService/Buy and /order/order_service/buy, not /order/FilmService/Buy
    if len(parts) == 3 and snake_case(parts[1]) not in (room, f"{room}_service"):
        return None
    return PUBLIC.get((room, name))
