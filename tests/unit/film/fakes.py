"""A seat board and an announcer that behave like the real ones, without servers."""

from schemas.base import Announcement
from schemas.film import SeatsUnknown
from services.seating.board_state import BoardSnapshot, Mark


class FakeBoard:
    """Boards by screening_id; a screening that is not in `taken` is cold, and a `down` board answers nothing."""

    def __init__(self, taken: dict[str, dict[str, str]] | None = None, down: bool = False) -> None:
        self.taken = taken or {}
        self.down = down

    def snapshot(self, screening_id: str) -> BoardSnapshot | None:
        self._answer()
        taken = self.taken.get(screening_id)
        if taken is None:
            return None
        marks = {"sold": "S", "held": "H"}
        return BoardSnapshot(7, {seat: Mark(marks[state], "someone") for seat, state in taken.items()})

    def taken_seats(self, screening_ids: list[str]) -> dict[str, set[str] | None]:
        self._answer()
        return {name: set(self.taken[name]) if name in self.taken else None for name in screening_ids}

    def _answer(self) -> None:
        if self.down:
            raise SeatsUnknown(retry_after=1)


class FakeAnnouncer:
    """Remembers its announcements; each warms the boards it is about, if `warms` is given."""

    def __init__(self, warms: FakeBoard | None = None) -> None:
        self.announced: list[tuple[Announcement, tuple[str, ...]]] = []
        self._warms = warms

    def announce_now(self, announcement: Announcement, *ids: str) -> None:
        self.announced.append((announcement, ids))
        if self._warms is not None:
            self._warms.taken.update({screening_id: {"A3": "sold"} for screening_id in ids})
