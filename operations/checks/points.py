"""The points that members have are those of their entries."""

from operations.checks.snapshot import Snapshot
from services.loyalty import store


def points_fit_their_entries(snapshot: Snapshot) -> list[str]:
    with snapshot.loyalty.connect() as connection:
        return [f"member {row.user_id} has {row.balance} points and {row.lifetime} in a lifetime, by the entries "
                f"{row.entries_balance} and {row.entries_lifetime}" for row in store.differences(connection)]
