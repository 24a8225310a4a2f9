"""The wallets add up: nobody spends what is not there, and what goes out pays for an order."""

from sqlalchemy import text
from sqlalchemy.engine import Connection

from operations.checks.snapshot import Snapshot
from services.payment.rules import refund_key

# The statuses in which the payment room's books may have a payment whose money the wallet has reserved or captured.
# Submitted: it is just being told; in review, a person looks into it.
OPEN = ("submitted", "pending", "review")
TAKEN = ("captured", *OPEN)


def wallets_add_up(snapshot: Snapshot) -> list[str]:
    with snapshot.wallet.connect() as connection:
        return [*books_add_up(connection), *money_out_has_its_order(snapshot), *money_back_has_its_refund(snapshot)]


def books_add_up(tx: Connection) -> list[str]:
    """Within the wallet room: transfers, entries, accounts and reservations agree."""
    return [*_lopsided_transfers(tx), *_wrong_accounts(tx), *_wrong_captures(tx)]


def _lopsided_transfers(tx: Connection) -> list[str]:
    transfers = tx.execute(text(
        "SELECT t.transfer_id, t.amount, CAST(COALESCE(SUM(e.amount), 0) AS SIGNED) AS total, "
        "CAST(COALESCE(SUM(IF(e.account_id = CONCAT('member-', t.user_id, '-', t.currency), e.amount, 0)), 0) "
        "AS SIGNED) AS booked FROM transfer t LEFT JOIN entry e USING (transfer_id) "
        "GROUP BY t.transfer_id, t.amount HAVING total <> 0 OR booked <> t.amount")).all()
    lost = tx.execute(text("SELECT DISTINCT e.transfer_id FROM entry e LEFT JOIN transfer t USING (transfer_id) "
                           "WHERE t.transfer_id IS NULL")).all()
    return [f"transfer {row.transfer_id} of {row.amount}: its entries sum to {row.total}, {row.booked} at its member"
            for row in transfers] + [f"the entries of {row.transfer_id} have no transfer" for row in lost]


def _wrong_accounts(tx: Connection) -> list[str]:
    accounts = tx.execute(text(
        "SELECT a.account_id, a.posted, a.reserved, CAST(COALESCE((SELECT SUM(e.amount) FROM entry e "
        "WHERE e.account_id = a.account_id), 0) AS SIGNED) AS booked, CAST(COALESCE((SELECT SUM(r.amount) "
        "FROM reservation r WHERE r.user_id = a.user_id AND r.currency = a.currency AND r.status = 'reserved'), 0) "
        "AS SIGNED) AS held FROM account a")).all()
    lost = tx.execute(text("SELECT DISTINCT e.account_id FROM entry e LEFT JOIN account a USING (account_id) "
                           "WHERE e.account_id LIKE 'member-%' AND a.account_id IS NULL")).all()
    return [f"{row.account_id}: {row.posted} less {row.reserved} reserved is less than nothing"
            for row in accounts if row.posted < row.reserved] + [
        f"{row.account_id}: {row.posted} posted, {row.reserved} reserved, but {row.booked} and {row.held} by its rows"
        for row in accounts if (row.posted, row.reserved) != (row.booked, row.held)] + [
        f"{row.account_id} has entries and no balance" for row in lost]


def _wrong_captures(tx: Connection) -> list[str]:
    """Captured reservations without their transfer; a transfer without a captured reservation."""
    lost = tx.execute(text(
        "SELECT r.source_id FROM reservation r LEFT JOIN transfer t ON t.kind = 'capture' "
        "AND t.source_type = r.source_type AND t.source_id = r.source_id "
        "WHERE r.status = 'captured' AND (t.transfer_id IS NULL OR t.amount <> -r.amount)")).all()
    odd = tx.execute(text(
        "SELECT t.source_id FROM transfer t LEFT JOIN reservation r ON t.source_type = r.source_type "
        "AND t.source_id = r.source_id AND r.status = 'captured' "
        "WHERE t.kind = 'capture' AND r.source_id IS NULL")).all()
    return [f"{row.source_id} was captured, and no money moved" for row in lost] + [
        f"{row.source_id} took money that was not reserved for it" for row in odd]


def money_out_has_its_order(snapshot: Snapshot) -> list[str]:
    """Every capture has its order; nothing is reserved for a payment that has ended."""
    reservations = snapshot.rows(
        snapshot.wallet, "SELECT source_id, order_id, status FROM reservation "
                         "WHERE source_type = 'payment' AND status IN ('reserved', 'captured')")
    payments = {row.payment_id: row.status for row in snapshot.rows(
        snapshot.payment, "SELECT payment_id, status FROM payment WHERE provider = 'wallet'")}
    found = []
    for row in reservations:
        status = payments.get(row.source_id, "unknown")
        if row.status == "captured" and (row.order_id not in snapshot.orders or status not in TAKEN):
            found.append(f"payment {row.source_id} was taken for order {row.order_id}, and is {status} in our books")
        if row.status == "reserved" and status not in OPEN:
            found.append(f"money is reserved for payment {row.source_id}, which is {status}")
    return found


def money_back_has_its_refund(snapshot: Snapshot) -> list[str]:
    """Every refund into a wallet is one that the payment room has asked for."""
    credits = snapshot.rows(snapshot.wallet, "SELECT source_id, amount FROM transfer WHERE source_type = 'refund'")
    rows = snapshot.rows(snapshot.payment, "SELECT refund_id, amount, attempt FROM refund")
    refunds = {refund_key(row): row.amount for row in rows}
    return [f"refund {row.source_id} of {row.amount} is in a wallet, and not in our books"
            for row in credits if refunds.get(row.source_id) != row.amount]
