"""The wallets add up: nobody spends what is not there, and what goes out pays for an order."""

from collections.abc import Iterator
from itertools import chain

from sqlalchemy import bindparam, text
from sqlalchemy.engine import Connection

from operations.checks.snapshot import Snapshot, in_pages, orders_of
from services.payment.rules import refund_key

# The statuses in which the payment room's books may have a payment whose money the wallet has reserved or captured.
# Submitted: it is just being told; in review, a person looks into it.
OPEN = ("submitted", "pending", "review")
TAKEN = ("captured", *OPEN)

# Transfers and entries never change, so those of a window are the ones with later ids.
LOPSIDED = """
    SELECT t.transfer_id, t.amount, CAST(COALESCE(SUM(e.amount), 0) AS SIGNED) AS total,
        CAST(COALESCE(SUM(IF(e.account_id = CONCAT('member-', t.user_id, '-', t.currency), e.amount, 0)), 0)
            AS SIGNED) AS booked
    FROM transfer t LEFT JOIN entry e USING (transfer_id) WHERE t.transfer_id >= :first
    GROUP BY t.transfer_id, t.amount HAVING total <> 0 OR booked <> t.amount"""
WITHOUT_TRANSFER = """
    SELECT DISTINCT e.transfer_id FROM entry e LEFT JOIN transfer t USING (transfer_id)
    WHERE e.transfer_id >= :first AND t.transfer_id IS NULL"""
ACCOUNTS = """
    SELECT a.account_id, a.posted, a.reserved, CAST(COALESCE((
            SELECT SUM(e.amount) FROM entry e WHERE e.account_id = a.account_id), 0) AS SIGNED) AS booked,
        CAST(COALESCE((SELECT SUM(r.amount) FROM reservation r WHERE r.user_id = a.user_id
            AND r.currency = a.currency AND r.status = 'reserved'), 0) AS SIGNED) AS held
    FROM account a WHERE {} HAVING posted < reserved OR posted <> booked OR reserved <> held"""
WITHOUT_ACCOUNT = """
    SELECT DISTINCT e.account_id FROM entry e LEFT JOIN account a USING (account_id)
    WHERE e.transfer_id >= :first AND e.account_id LIKE 'member-%' AND a.account_id IS NULL"""
MOVED = """
    SELECT user_id FROM transfer WHERE transfer_id >= :first UNION
    SELECT user_id FROM reservation WHERE source_type = 'payment' AND source_id >= :first UNION
    SELECT user_id FROM reservation WHERE status = 'reserved'"""
UNPAID_CAPTURES = """
    SELECT r.source_id FROM reservation r LEFT JOIN transfer t ON t.kind = 'capture'
        AND t.source_type = r.source_type AND t.source_id = r.source_id
    WHERE r.source_type = 'payment' AND r.source_id >= :first AND r.status = 'captured'
    AND (t.transfer_id IS NULL OR t.amount <> -r.amount)"""
UNRESERVED_CAPTURES = """
    SELECT t.source_id FROM transfer t LEFT JOIN reservation r ON t.source_type = r.source_type
        AND t.source_id = r.source_id AND r.status = 'captured'
    WHERE t.transfer_id >= :first AND t.kind = 'capture' AND r.source_id IS NULL"""
# By the id of its payment; money that is still reserved is in the window whatever its age.
RESERVATIONS = """
    SELECT source_id, order_id, status FROM reservation
    WHERE source_type = 'payment' AND source_id > :after AND status IN ('reserved', 'captured')
    ORDER BY source_id LIMIT :most"""
STILL_RESERVED = """
    SELECT source_id, order_id, status FROM reservation
    WHERE status = 'reserved' AND source_type = 'payment' AND source_id < :first"""
REFUNDS = """
    SELECT transfer_id, source_id, amount FROM transfer
    WHERE transfer_id > :after AND source_type = 'refund' ORDER BY transfer_id LIMIT :most"""


def wallets_add_up(snapshot: Snapshot) -> Iterator[str]:
    with snapshot.wallet.connect() as connection:
        yield from books_add_up(connection, snapshot.first_id)
    yield from money_out_has_its_order(snapshot)
    yield from money_back_has_its_refund(snapshot)


def books_add_up(tx: Connection, first: str = "") -> list[str]:
    """Within the wallet room: transfers, entries, accounts and reservations agree, from the id `first` on."""
    return [*_lopsided_transfers(tx, first), *_wrong_accounts(tx, first), *_wrong_captures(tx, first)]


def _lopsided_transfers(tx: Connection, first: str) -> Iterator[str]:
    for row in tx.execute(text(LOPSIDED), {"first": first}):
        yield f"transfer {row.transfer_id} of {row.amount}: its entries sum to {row.total}, {row.booked} at its member"
    for row in tx.execute(text(WITHOUT_TRANSFER), {"first": first}):
        yield f"the entries of {row.transfer_id} have no transfer"


def _wrong_accounts(tx: Connection, first: str) -> Iterator[str]:
    if first:
        members = in_pages(tx.execute(text(MOVED), {"first": first}).scalars().all())
        some = text(ACCOUNTS.format("a.user_id IN :users")).bindparams(bindparam("users", expanding=True))
        wrong = [row for users in members for row in tx.execute(some, {"users": users})]
    else:
        wrong = list(tx.execute(text(ACCOUNTS.format("TRUE"))))
    for row in wrong:
        if row.posted < row.reserved:
            yield f"{row.account_id}: {row.posted} less {row.reserved} reserved is less than nothing"
        if (row.posted, row.reserved) != (row.booked, row.held):
            yield (f"{row.account_id}: {row.posted} posted, {row.reserved} reserved, but {row.booked} and {row.held} "
                   "by its rows")
    for row in tx.execute(text(WITHOUT_ACCOUNT), {"first": first}):
        yield f"{row.account_id} has entries and no balance"


def _wrong_captures(tx: Connection, first: str) -> Iterator[str]:
    """Captured reservations without their transfer; a transfer without a captured reservation."""
    for row in tx.execute(text(UNPAID_CAPTURES), {"first": first}):
        yield f"{row.source_id} was captured, and no money moved"
    for row in tx.execute(text(UNRESERVED_CAPTURES), {"first": first}):
        yield f"{row.source_id} took money that was not reserved for it"


def money_out_has_its_order(snapshot: Snapshot) -> Iterator[str]:
    """Every capture has its order; nothing is reserved for a payment that has ended."""
    old = snapshot.rows(snapshot.wallet, STILL_RESERVED, first=snapshot.first_id)
    for page in chain([old], snapshot.pages(snapshot.wallet, RESERVATIONS, "source_id", snapshot.first_id)):
        statuses = {row.payment_id: row.status for row in snapshot.rows(
            snapshot.payment, "SELECT payment_id, status FROM payment WHERE payment_id IN :ids AND "
                              "provider = 'wallet'", ids=[row.source_id for row in page])}
        orders = orders_of(snapshot, [row.order_id for row in page])
        for row in page:
            status = statuses.get(row.source_id, "unknown")
            if row.status == "captured" and (row.order_id not in orders or status not in TAKEN):
                yield f"payment {row.source_id} was taken for order {row.order_id}, and is {status} in our books"
            if row.status == "reserved" and status not in OPEN:
                yield f"money is reserved for payment {row.source_id}, which is {status}"


def money_back_has_its_refund(snapshot: Snapshot) -> Iterator[str]:
    """Every refund into a wallet is one that the payment room has asked for."""
    for page in snapshot.pages(snapshot.wallet, REFUNDS, "transfer_id", snapshot.first_id):
        # A key is the id of a refund, or that and the number of its attempt (rules.refund_key).
        ids = {part for row in page for part in (row.source_id, row.source_id.rpartition("-")[0])}
        asked = {row.refund_id: row for row in snapshot.rows(
            snapshot.payment, "SELECT refund_id, amount, attempt FROM refund WHERE refund_id IN :ids", ids=list(ids))}
        amounts = {refund_key(row): row.amount for row in asked.values()}
        for row in page:
            if amounts.get(row.source_id) != row.amount:
                yield f"refund {row.source_id} of {row.amount} is in a wallet, and not in our books"
