"""The order room decides that a screening is cancelled, and the film room follows."""

from collections.abc import Iterator

from operations.checks.snapshot import Snapshot, in_pages

# An event is on its way until it is published and for 15 minutes more: longer than a consumer pauses between tries.
DECIDED = """
    SELECT screening_id, EXISTS (
        SELECT 1 FROM outbox WHERE about = screening_id AND type = 'screening.cancelled' AND (
            published_at IS NULL OR published_at > UTC_TIMESTAMP() - INTERVAL 15 MINUTE)) AS on_its_way
    FROM cancelled_screening WHERE screening_id IN :ids"""


def cancelled_in_both_rooms(snapshot: Snapshot) -> Iterator[str]:
    """The film room is read first: it follows, so the order room decided earlier on all that it has cancelled.

    The film room may be down or retry later, so a decision counts as missed once its event is no longer on its way.
    """
    cancelled = "SELECT screening_id FROM {} WHERE cancelled_at >= :since"
    followed = snapshot.changed(snapshot.film, cancelled.format("screening"))
    decided = snapshot.changed(snapshot.order, cancelled.format("cancelled_screening"))
    for ids in in_pages(followed | decided):
        has_followed = {row.screening_id for row in snapshot.rows(
            snapshot.film, "SELECT screening_id FROM screening WHERE screening_id IN :ids "
                           "AND cancelled_at IS NOT NULL", ids=ids)}
        on_its_way = {row.screening_id: bool(row.on_its_way) for row in snapshot.rows(snapshot.order, DECIDED, ids=ids)}
        for each in ids:
            if each in has_followed and each not in on_its_way:
                yield f"screening {each} is cancelled in the film room, but not in the order room"
            elif on_its_way.get(each) is False and each not in has_followed:
                yield f"screening {each} is cancelled in the order room, but not in the film room"
