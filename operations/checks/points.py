"""The points that members have are those of their entries, and an order's those of the money that has not gone back."""

from operations.checks.snapshot import Snapshot
from services.loyalty import rules, store


def points_fit_their_entries(snapshot: Snapshot) -> list[str]:
    with snapshot.loyalty.connect() as connection:
        return [f"member {row.user_id} has {row.balance} points and {row.lifetime} in a lifetime, by the entries "
                f"{row.entries_balance} and {row.entries_lifetime}" for row in store.differences(connection)] + [
            f"order {row.order_id} has {row.booked} points, but {rules.points_kept(row)} are due"
            for row in store.points_of_orders(connection) if row.booked != rules.points_kept(row)]
