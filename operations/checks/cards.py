"""A kept card is its holder's alone, and nothing is known of it that could pay elsewhere."""

import datetime as dt
from collections.abc import Iterator

from operations.checks.snapshot import Snapshot
from services.foundation.database import utc_now

FORGOTTEN_WITHIN = dt.timedelta(hours=1)   # events wait while a room is stopped
# The provider's token, what a holder knows a card by, and what this system has made up itself.
COLUMNS = {"token", "fingerprint", "brand", "last4", "exp_month", "exp_year",
           "card_id", "user_id", "provider", "payment_id", "status", "created_at", "tried_at"}
A_NUMBER = "^[0-9][0-9 -]{10,21}[0-9]$"    # from 12 digits on, also when they stand in groups


def cards_are_their_holders(snapshot: Snapshot) -> list[str]:
    return [*kept_for_nobody(snapshot), *kept_unpaid(snapshot), *paid_for_others(snapshot), *known_too_well(snapshot)]


def kept_for_nobody(snapshot: Snapshot) -> Iterator[str]:
    """Cards whose holder does not exist, or has closed the account long enough ago for every room to know."""
    kept = snapshot.rows(snapshot.payment, "SELECT c.card_id, c.user_id, COALESCE(h.ended, 0) AS ended FROM card c "
                                           "LEFT JOIN card_holder h USING (user_id) WHERE c.status = 'kept'")
    # Accounts are read last: one that is new by then has no card above.
    removed_at = {row.user_id: row.removed_at for row in snapshot.rows(
        snapshot.user, "SELECT user_id, removed_at FROM user")}
    due = utc_now() - FORGOTTEN_WITHIN
    for card in kept:
        if card.user_id not in removed_at:
            yield f"card {card.card_id} is kept for {card.user_id}, who has no account"
        elif card.ended or ((at := removed_at[card.user_id]) and at.replace(tzinfo=dt.UTC) < due):
            yield f"card {card.card_id} is kept for {card.user_id}, whose account has ended"


def kept_unpaid(snapshot: Snapshot) -> Iterator[str]:
    """Cards that their holder has not paid with at the provider that keeps them."""
    for card in snapshot.rows(
            snapshot.payment, "SELECT c.card_id FROM card c LEFT JOIN payment p ON p.payment_id = c.payment_id AND "
                              "p.user_id = c.user_id AND p.provider = c.provider AND p.status = 'captured' "
                              "WHERE p.payment_id IS NULL"):
        yield f"card {card.card_id} was kept without a payment of its holder's"


def paid_for_others(snapshot: Snapshot) -> Iterator[str]:
    """Payments by a card of somebody else's; when a card is detached, it is known by its payments alone."""
    for row in snapshot.rows(
            snapshot.payment, "SELECT p.payment_id, p.user_id, c.card_id FROM payment p JOIN card c ON "
                              "c.token = p.card_token AND c.provider = p.provider "
                              "WHERE p.user_id IS NULL OR p.user_id <> c.user_id"):
        yield f"payment {row.payment_id} of {row.user_id} is by card {row.card_id}, which is another's"
    for row in snapshot.rows(
            snapshot.payment, "SELECT MIN(payment_id) AS payment_id, COUNT(DISTINCT user_id) AS n FROM payment "
                              "WHERE card_token IS NOT NULL GROUP BY provider, card_token HAVING n > 1"):
        yield f"the card that pays {row.payment_id} has paid for {row.n} members"


def known_too_well(snapshot: Snapshot) -> Iterator[str]:
    """Columns and values that a card must not have: more than its brand, last four digits, expiry and token."""
    columns = snapshot.rows(snapshot.payment, "SELECT column_name FROM information_schema.columns "
                                              "WHERE table_schema = DATABASE() AND table_name = 'card'")
    for name in sorted({row[0] for row in columns} - COLUMNS):
        yield f"cards have a {name}"
    for row in snapshot.rows(
            snapshot.payment, "SELECT card_id FROM card WHERE token REGEXP :number OR fingerprint REGEXP :number "
                              "OR brand REGEXP :number OR last4 NOT REGEXP '^[0-9]{4}$'", number=A_NUMBER):
        yield f"card {row.card_id} is known by its number"
    for row in snapshot.rows(
            snapshot.payment, "SELECT payment_id FROM payment WHERE card_token REGEXP :number", number=A_NUMBER):
        yield f"payment {row.payment_id} is by the number of a card"
    for row in snapshot.rows(
            snapshot.payment, "SELECT card_id FROM card WHERE status = 'detached' AND "
                              "(token IS NOT NULL OR fingerprint IS NOT NULL OR brand IS NOT NULL "
                              "OR last4 IS NOT NULL OR exp_month IS NOT NULL OR exp_year IS NOT NULL)"):
        yield f"card {row.card_id} is detached, and not forgotten"
