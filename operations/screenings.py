"""The order room decides that a screening is cancelled, and the film room follows."""

from operations.truth import Truth


def cancelled_in_both_rooms(truth: Truth) -> list[str]:
    """The film room is read first: it follows, so what it has cancelled the order room has decided before."""
    followed = {row.screening_id for row in truth.rows(
        truth.film, "SELECT screening_id FROM screening WHERE cancelled_at IS NOT NULL")}
    decided = {row.screening_id for row in truth.rows(truth.order, "SELECT screening_id FROM cancelled_screening")}
    return [f"screening {each} is cancelled in the film room, but not in the order room"
            for each in sorted(followed - decided)] + [
        f"screening {each} is cancelled in the order room, but not in the film room"
        for each in sorted(decided - followed)]
