"""The order room decides that a screening is cancelled, and the film room follows."""

from operations.checks.snapshot import Snapshot

# An event is on its way until it is published and for 15 minutes more: longer than a consumer pauses between tries.
DECIDED = """
    SELECT screening_id, EXISTS (
        SELECT 1 FROM outbox WHERE about = screening_id AND type = 'screening.cancelled' AND (
            published_at IS NULL OR published_at > UTC_TIMESTAMP() - INTERVAL 15 MINUTE)) AS on_its_way
    FROM cancelled_screening"""


def cancelled_in_both_rooms(snapshot: Snapshot) -> list[str]:
    """The film room is read first: it follows, so the order room decided earlier on all that it has cancelled.

    The film room may be down or retry later, so a decision counts as missed once its event is no longer on its way.
    """
    followed = {row.screening_id for row in snapshot.rows(
        snapshot.film, "SELECT screening_id FROM screening WHERE cancelled_at IS NOT NULL")}
    on_its_way = {row.screening_id: bool(row.on_its_way) for row in snapshot.rows(snapshot.order, DECIDED)}
    return [f"screening {each} is cancelled in the film room, but not in the order room"
            for each in sorted(followed - on_its_way.keys())] + [
        f"screening {each} is cancelled in the order room, but not in the film room"
        for each in sorted(on_its_way.keys() - followed) if not on_its_way[each]]
