"""The account room: what a member sees of all rooms, asked at the same time. It keeps nothing itself."""

from typing import Any

from schemas import account as contract
from services.account import overview
from services.account.settings import AccountSection
from services.foundation.amqp.presence import Presence
from services.foundation.database import utc_now
from services.foundation.rpc.calls import PrincipalProvider, call
from services.foundation.rpc.client import Remote
from services.foundation.settings import RoomSettings


class Account:
    """Composes a member's account from the answers of the rooms."""

    name = "account"

    principal = PrincipalProvider()
    remote = Remote(at_once=overview.CALLS)
    settings = RoomSettings(AccountSection)
    presence = Presence()

    @call(contract.GET_OVERVIEW)
    def get_overview(self, request: dict[str, Any]) -> dict[str, Any]:
        """The caller's account. Where a room gives no answer in time, its parts are null and named in `unavailable`."""
        parts = overview.compose(self.remote, str(self.principal.user_id), self.settings.part_seconds)
        return {**parts, "server_time": utc_now()}
