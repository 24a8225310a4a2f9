"""Which method an address means. What is not listed here does not exist."""

import re
from functools import lru_cache

from schemas import catalogue
from schemas.base import Method

NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]{0,40}\Z")
PUBLIC: dict[tuple[str, str], Method] = {
    key: method for key, method in catalogue.methods().items() if method.access != "internal"
}
EXACT = {method.path: method for method in PUBLIC.values()}


def snake_case(name: str) -> str:
    """GetAllList -> get_all_list; what is snake_case already stays."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def find(path: str) -> Method | None:
    """The method at /room/method, in snake_case or PascalCase, with or without a service class between."""
    return EXACT.get(path) or _fold(path)


@lru_cache(maxsize=1024)
def _fold(path: str) -> Method | None:
    parts = path.split("/")[1:]
    if len(parts) not in (2, 3) or not all(NAME.match(part) for part in parts):
        return None
    room, name = snake_case(parts[0]), snake_case(parts[-1])
    # /order/OrderService/Buy and /order/order_service/buy, not /order/FilmService/Buy
    if len(parts) == 3 and snake_case(parts[1]) not in (room, f"{room}_service"):
        return None
    return PUBLIC.get((room, name))
