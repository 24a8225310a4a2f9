"""Which roles an admin may give and take, and that the house keeps an admin."""

from collections.abc import Collection

from schemas.errors import Forbidden
from schemas.roles import cinemas_of
from schemas.user.administration import LastAdmin
from services.foundation.rpc.calls import Principal


def permit_house(principal: Principal) -> None:
    """Raises Forbidden unless the principal is an admin of the house: an account is no cinema's own."""
    if cinemas_of(principal.roles, "admin") is not None:
        raise Forbidden()


def permit_role(principal: Principal, cinema_id: str | None) -> None:
    """Raises Forbidden unless the principal may give and take roles at this cinema; None: for the house."""
    if cinema_id is None:
        permit_house(principal)
    else:
        principal.permit_at("admin", cinema_id)


def check_one_stays(admins: Collection[str], user_id: str, roles: Collection[str]) -> None:
    """Raises LastAdmin if the house would have no admin once this account has these roles."""
    if "admin" not in roles and set(admins) == {user_id}:
        raise LastAdmin()
