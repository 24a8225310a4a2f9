"""Changes that staff make to accounts, each in one transaction with its entry in the operation log."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Connection, Row

from schemas.base import Method
from schemas.user import OPERATED
from schemas.user.administration import UnknownUser
from services.foundation.events.operations import write_operation
from services.foundation.rpc.calls import Principal
from services.user import emails, store
from services.user.administration.admins import check_one_stays
from services.user.confirming import confirmations
from services.user.models import OUTBOX


@dataclass(frozen=True)
class Change:
    """A change by a member of staff. `revoked` collects the ids of the tokens that end with it."""

    principal: Principal
    method: Method
    reason: str | None = None
    cinema_id: str | None = None
    revoked: set[str] = field(default_factory=set)

    def log(self, tx: Connection, user_id: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
        """Write what was done to the account."""
        write_operation(tx, OUTBOX, OPERATED, self.principal, self.method, about=user_id, before=before, after=after,
                        cinema_id=self.cinema_id, reason=self.reason)

    def sign_out(self, tx: Connection, user_id: str) -> None:
        """End the account's tokens: none of them carries the roles of before."""
        self.revoked.update(store.delete_tokens_of(tx, user_id))


def change_roles(tx: Connection, change: Change, user_id: str,
                 roles_after: Callable[[list[str]], set[str]]) -> Row[Any]:
    """Give the account the roles that `roles_after` makes of its present ones, and return it.

    Nothing happens if these are the same. Raises UnknownUser and LastAdmin.
    """
    admins, account = store.lock_admins(tx), lock_present(tx, user_id)
    before, after = sorted(account.roles), sorted(roles_after(account.roles))
    if before == after:
        return account
    check_one_stays(admins, user_id, after)
    store.update_account(tx, user_id, roles=after)
    change.sign_out(tx, user_id)
    change.log(tx, user_id, {"roles": before}, {"roles": after})
    return lock_present(tx, user_id)


def change_details(tx: Connection, change: Change, user_id: str, details: dict[str, Any],
                   requests_link: bool) -> Row[Any]:
    """Set the account's `display_name` and `email`, as far as given, and return it. Raises UnknownUser.

    The log says whether they are given, and not what they are: a closed account must leave neither.
    """
    account = lock_present(tx, user_id)
    changed = {name: value for name, value in details.items() if getattr(account, name) != value}
    if not changed:
        return account
    moves = "email" in changed and emails.is_another_mailbox(account.email, details["email"])
    store.update_account(tx, user_id, **changed, **({"email_confirmed_at": None} if moves else {}))
    if moves:
        confirmations.move(tx, account, requests_link)
    before = {name: "given" if getattr(account, name) else None for name in changed}
    after = {name: value and ("another" if before[name] else "given") for name, value in changed.items()}
    change.log(tx, user_id, before, after)
    return lock_present(tx, user_id)


def lock_present(tx: Connection, user_id: str) -> Row[Any]:
    """The account, locked. Raises UnknownUser if there is none or it was removed."""
    found = store.account_by_id(tx, user_id)
    account = store.lock_account(tx, user_id) if found else None
    if account is None or account.removed_at is not None:
        raise UnknownUser()
    return account
