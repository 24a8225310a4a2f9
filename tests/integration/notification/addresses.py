"""Confirmed addresses, past the link that would be mailed there."""

from schemas.user import token_id
from testbed.mesh import Mesh


def give_address(mesh: Mesh, token: str, email: str, display_name: str | None = None) -> None:
    """To the account of that token."""
    mesh.rows("user", "UPDATE user JOIN token USING (user_id) SET email = :e, display_name = :d, "
                      "email_confirmed_at = UTC_TIMESTAMP() WHERE token_id = :t",
              e=email, d=display_name, t=token_id(token))
