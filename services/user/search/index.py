"""The index of accounts by parts of their username, display name and e-mail address.

It changes in the transaction that changes the account. Accounts that have no entries yet, or entries of an older
VERSION, are indexed by a timer.
"""

from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import aliased

from services.user.models import SearchGram, SearchText, User
from services.user.search.grams import LONGEST, fold, grams_of, grams_to_look_up

VERSION = 1  # raise it when grams.py changes what it makes: all accounts are indexed anew then
AT_A_TIME = 100
MOST_COUNTED = 1000


def index_account(tx: Connection, account: Any) -> None:
    """Write the entries of an account, whose row the transaction has locked; a removed one has none."""
    user_id = account.user_id
    for table in (SearchGram, SearchText):
        tx.execute(delete(table).where(table.user_id == user_id))
    texts = [] if getattr(account, "removed_at", None) else [
        fold(text) for text in (account.username, account.display_name, account.email) if text]
    if texts:
        tx.execute(insert(SearchText), {"user_id": user_id, "text": "\n".join(texts)})
        tx.execute(insert(SearchGram), [{"gram": gram, "user_id": user_id} for gram in sorted(grams_of(texts))])
    tx.execute(update(User).where(User.user_id == user_id).values(search_version=VERSION))


def index_some(tx: Connection) -> int:
    """Index at most AT_A_TIME accounts that need it and that no other process is at; returns how many."""
    waiting = select(User.__table__).where(User.search_version < VERSION).limit(AT_A_TIME)
    accounts = tx.execute(waiting.with_for_update(skip_locked=True)).all()
    for account in accounts:
        index_account(tx, account)
    return len(accounts)


def find(tx: Connection, query: str, before: str | None, limit: int) -> list[str]:
    """The ids of accounts with `query` in one of their texts, the newest first, at most `limit`.

    `before`: only accounts with smaller ids, for the next page.
    """
    wanted = fold(query)
    grams = sorted(grams_to_look_up(wanted), key=lambda gram: _frequency(tx, gram))
    if not grams:
        return []
    first, *others = tables = [aliased(SearchGram) for _ in grams]
    # Joined from the rarest gram on, in the order of its accounts: the search ends with the page.
    found = select(first.user_id).prefix_with("STRAIGHT_JOIN").order_by(first.user_id.desc()).limit(limit)
    for table in others:
        found = found.join(table, table.user_id == first.user_id)
    for table, gram in zip(tables, grams, strict=True):
        found = found.where(table.gram == gram)
    if len(wanted) > LONGEST:
        found = found.join(SearchText, SearchText.user_id == first.user_id)
        found = found.where(func.instr(SearchText.text, wanted) > 0)
    if before is not None:
        found = found.where(first.user_id < before)
    return list(tx.execute(found).scalars())


def _frequency(tx: Connection, gram: bytes) -> int:
    """How many accounts have the gram, counted up to MOST_COUNTED."""
    some = select(SearchGram.user_id).where(SearchGram.gram == gram).limit(MOST_COUNTED).subquery()
    return int(tx.execute(select(func.count()).select_from(some)).scalar_one())
