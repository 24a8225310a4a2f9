"""Stands in for the user room where another room asks whether there is an account."""

from dataclasses import dataclass
from typing import Any

from schemas import user
from schemas.base import Method
from schemas.errors import RoomUnavailable


@dataclass
class KnownUsers:
    """Answers user.get_users for these accounts, of which some have ended."""

    user_ids: tuple[str, ...]
    ended: tuple[str, ...] = ()
    is_away: bool = False

    def call(self, method: Method, fields: dict[str, Any], **context: Any) -> Any:
        assert method is user.GET_USERS
        if self.is_away:
            raise RoomUnavailable(room=method.room)
        return {"users": [{"user_id": each, "removed_at": "2026-01-01T00:00:00Z" if each in self.ended else None}
                          for each in fields["user_ids"] if each in self.user_ids]}
