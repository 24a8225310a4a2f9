"""A kept card is its holder's alone, and nothing is known of it that could pay elsewhere."""

import datetime as dt
from collections.abc import Iterator

from operations.checks.snapshot import Snapshot, in_pages
from services.foundation.database import utc_now

FORGOTTEN_WITHIN = dt.timedelta(hours=1)   # events wait while a room is stopped
# The provider's token, what a holder knows a card by, and what this system has made up itself.
COLUMNS = {"token", "fingerprint", "brand", "last4", "exp_month", "exp_year",
           "card_id", "user_id", "provider", "payment_id", "status", "created_at", "tried_at", "changed_at"}
A_NUMBER = "^[0-9][0-9 -]{10,21}[0-9]$"    # from 12 digits on, also when they stand in groups

KEPT = """
    SELECT c.card_id, c.user_id, COALESCE(h.ended, 0) AS ended FROM card c LEFT JOIN card_holder h USING (user_id)
    WHERE c.card_id IN :ids AND c.status = 'kept'"""
UNPAID = """
    SELECT c.card_id FROM card c LEFT JOIN payment p ON p.payment_id = c.payment_id AND p.user_id = c.user_id
        AND p.provider = c.provider AND p.status = 'captured'
    WHERE c.card_id IN :ids AND p.payment_id IS NULL"""
NUMBERED = """
    SELECT card_id FROM card WHERE card_id IN :ids AND (token REGEXP :number OR fingerprint REGEXP :number
        OR brand REGEXP :number OR last4 NOT REGEXP '^[0-9]{4}$')"""
REMEMBERED = """
    SELECT card_id FROM card WHERE card_id IN :ids AND status = 'detached' AND (token IS NOT NULL
        OR fingerprint IS NOT NULL OR brand IS NOT NULL OR last4 IS NOT NULL
        OR exp_month IS NOT NULL OR exp_year IS NOT NULL)"""
TOKENS = "SELECT DISTINCT card_token FROM payment WHERE card_token > :after ORDER BY card_token LIMIT :most"
# When a card is detached, it is known by its payments alone.
BY_ANOTHERS = """
    SELECT p.payment_id, p.user_id, c.card_id FROM payment p
        JOIN card c ON c.token = p.card_token AND c.provider = p.provider
    WHERE p.card_token IN :tokens AND (p.user_id IS NULL OR p.user_id <> c.user_id)"""
SHARED = """
    SELECT MIN(payment_id) AS payment_id, COUNT(DISTINCT user_id) AS n FROM payment
    WHERE card_token IN :tokens GROUP BY provider, card_token HAVING n > 1"""


def cards_are_their_holders(snapshot: Snapshot) -> Iterator[str]:
    yield from known_columns(snapshot)
    for ids in card_pages(snapshot):
        yield from kept_for_nobody(snapshot, ids)
        yield from (f"card {row.card_id} was kept without a payment of its holder's"
                    for row in snapshot.rows(snapshot.payment, UNPAID, ids=ids))
        yield from (f"card {row.card_id} is known by its number"
                    for row in snapshot.rows(snapshot.payment, NUMBERED, ids=ids, number=A_NUMBER))
        yield from (f"card {row.card_id} is detached, and not forgotten"
                    for row in snapshot.rows(snapshot.payment, REMEMBERED, ids=ids))
    for tokens in token_pages(snapshot):
        yield from paid_for_others(snapshot, tokens)


def card_pages(snapshot: Snapshot) -> Iterator[list[str]]:
    """The ids of the cards that have changed, or whose holder's account has ended, in pages; or those of all."""
    if snapshot.since is None:
        for page in snapshot.pages(snapshot.payment, "SELECT card_id FROM card WHERE card_id > :after "
                                                     "ORDER BY card_id LIMIT :most", "card_id"):
            yield [row.card_id for row in page]
        return
    found = snapshot.changed(snapshot.payment, "SELECT card_id FROM card WHERE changed_at >= :since")
    ended = snapshot.changed(snapshot.user, "SELECT user_id FROM user WHERE removed_at >= :since")
    for users in in_pages(ended):
        found |= {row.card_id for row in snapshot.rows(
            snapshot.payment, "SELECT card_id FROM card WHERE user_id IN :users", users=users)}
    yield from in_pages(found)


def token_pages(snapshot: Snapshot) -> Iterator[list[str]]:
    """The tokens that payments were made with, or changed cards have, in pages; or those of all payments."""
    if snapshot.since is None:
        for page in snapshot.pages(snapshot.payment, TOKENS, "card_token"):
            yield [row.card_token for row in page]
        return
    yield from in_pages(snapshot.changed(
        snapshot.payment, "SELECT card_token FROM payment WHERE changed_at >= :since AND card_token IS NOT NULL UNION "
                          "SELECT token FROM card WHERE changed_at >= :since AND token IS NOT NULL"))


def kept_for_nobody(snapshot: Snapshot, ids: list[str]) -> Iterator[str]:
    """Cards whose holder does not exist, or has closed the account long enough ago for every room to know."""
    kept = snapshot.rows(snapshot.payment, KEPT, ids=ids)
    # Accounts are read last: one that is new by then has no card above.
    removed_at = {row.user_id: row.removed_at for row in snapshot.rows(
        snapshot.user, "SELECT user_id, removed_at FROM user WHERE user_id IN :ids",
        ids=[card.user_id for card in kept])}
    due = utc_now() - FORGOTTEN_WITHIN
    for card in kept:
        if card.user_id not in removed_at:
            yield f"card {card.card_id} is kept for {card.user_id}, who has no account"
        elif card.ended or ((at := removed_at[card.user_id]) and at.replace(tzinfo=dt.UTC) < due):
            yield f"card {card.card_id} is kept for {card.user_id}, whose account has ended"


def paid_for_others(snapshot: Snapshot, tokens: list[str]) -> Iterator[str]:
    """Payments by a card of somebody else's, or by the number of a card."""
    for row in snapshot.rows(snapshot.payment, BY_ANOTHERS, tokens=tokens):
        yield f"payment {row.payment_id} of {row.user_id} is by card {row.card_id}, which is another's"
    for row in snapshot.rows(snapshot.payment, SHARED, tokens=tokens):
        yield f"the card that pays {row.payment_id} has paid for {row.n} members"
    for row in snapshot.rows(snapshot.payment, "SELECT payment_id FROM payment WHERE card_token IN :tokens "
                                               "AND card_token REGEXP :number", tokens=tokens, number=A_NUMBER):
        yield f"payment {row.payment_id} is by the number of a card"


def known_columns(snapshot: Snapshot) -> Iterator[str]:
    """Columns that a card must not have: more than its brand, last four digits, expiry and token."""
    columns = snapshot.rows(snapshot.payment, "SELECT column_name FROM information_schema.columns "
                                              "WHERE table_schema = DATABASE() AND table_name = 'card'")
    for name in sorted({row[0] for row in columns} - COLUMNS):
        yield f"cards have a {name}"
