"""The roles of a cinema's staff: who may do what, and where.

A role is held for the house, as `manager`, or for one cinema, as `manager@kino-am-kanal`.
"""

import re
from collections.abc import Collection, Iterable, Set

# The roles whose holders may do what each role may.
HOLDERS: dict[str, frozenset[str]] = {
    "cook": frozenset({"cook", "manager", "admin"}),
    "usher": frozenset({"usher", "manager", "admin"}),
    "cashier": frozenset({"cashier", "manager", "admin"}),
    "manager": frozenset({"manager", "admin"}),
    "admin": frozenset({"admin"}),
    "staff": frozenset({"cook", "usher", "cashier", "manager", "admin"}),   # any of them; nobody holds `staff` itself
}
ROLES = ("cook", "usher", "cashier", "manager", "admin")
GUEST = "guest"   # what the token of a guest stands for in place of roles; no account can hold it
HELD = re.compile(rf"^({'|'.join(ROLES)})(@[A-Za-z0-9_-]{{1,64}})?\Z")   # as an account has it


def allows(access: str, held: Collection[str]) -> bool:
    """Whether a method of this `access` (see schemas.base.Method) allows a caller with the roles `held`."""
    if GUEST in held:
        return access == GUEST
    return access not in HOLDERS or includes(held, access)


def includes(held: Iterable[str], role: str) -> bool:
    """Whether somebody with the roles `held` has `role`, for the house or for any cinema."""
    return any(each.partition("@")[0] in HOLDERS[role] for each in held)


def includes_at(held: Iterable[str], role: str, cinema_id: str) -> bool:
    """Whether somebody with the roles `held` has `role` at this cinema; a role for the house counts everywhere."""
    cinemas = cinemas_of(held, role)
    return cinemas is None or cinema_id in cinemas


def cinemas_of(held: Iterable[str], role: str) -> Set[str] | None:
    """The cinemas at which somebody with the roles `held` has `role`; None means all of them."""
    places = [place for name, _, place in (each.partition("@") for each in held) if name in HOLDERS[role]]
    return None if "" in places else frozenset(places)
