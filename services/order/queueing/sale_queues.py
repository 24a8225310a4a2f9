"""The queue of a screening, as its buyers use it: a place, and a pass when it is their turn."""

from dataclasses import dataclass
from typing import Any

from cachetools import TTLCache
from prometheus_client import Counter, Gauge

from schemas.order.refusals import NotInQueue, SalesClosed
from schemas.roles import includes_at
from services.foundation.database import utc_now
from services.foundation.rpc.calls import Principal
from services.order.queueing import rules
from services.order.queueing.passes import end_of, give_pass
from services.order.rules import has_begun
from services.order.screenings.screening_snapshot import ScreeningSnapshot
from services.order.settings import QueueSettings
from services.order.tickets.codes import TicketKeys
from services.seating.sale_queue import PassCheck, QueuePosition, SaleQueue, moment

PASSES = Counter("marquee_queue_passes_total", "Passes given to people in the queues of screenings.")
WAITING = Gauge("marquee_queue_waiting", "People in the queues of screenings, as this process has last seen them.")
SEEN_SECONDS = 120.0
last_seen: TTLCache[str, int] = TTLCache(1000, SEEN_SECONDS)   # people waiting, by screening
WAITING.set_function(lambda: sum(list(last_seen.values())))


@dataclass(frozen=True)
class SaleQueues:
    """The queues of all screenings."""

    queue: SaleQueue
    settings: QueueSettings
    ticket_keys: TicketKeys

    def join(self, screening: ScreeningSnapshot, account: str) -> dict[str, Any]:
        """The account's place, a new one if it has none: a schemas.order.queue.PlaceReply. Raises SalesClosed."""
        if has_begun(screening.starts_at, utc_now()):
            raise SalesClosed()
        return self._place(screening.screening_id, account, join=True)

    def place(self, screening_id: str, account: str) -> dict[str, Any]:
        """The account's place: a schemas.order.queue.PlaceReply. Raises NotInQueue."""
        return self._place(screening_id, account, join=False)

    def pass_check(self, buyer: Principal, screening: ScreeningSnapshot, given: str | None) -> PassCheck | None:
        """What the board asks of a buyer with this pass; None of the cinema's own people, who sell at the desk."""
        if includes_at(buyer.roles, "cashier", screening.cinema_id):
            return None
        account = str(buyer.user_id)
        return PassCheck(account, end_of(given, self.ticket_keys, screening.screening_id, account),
                         self.settings.rate, self.settings.drawing)

    def _place(self, screening_id: str, account: str, join: bool) -> dict[str, Any]:
        position = self.queue.ask(screening_id, account, self.settings.pass_rules, join)
        if position.status == "absent":
            raise NotInQueue()
        PASSES.inc(position.let_in)
        last_seen[screening_id] = position.waiting
        return {
            "screening_id": screening_id, "status": position.status, "server_time": position.now or utc_now(),
            "number": None, "people_before": None, "wait_seconds": None, "draw_at": None, "pass": None,
            "pass_until": None, "ask_again_seconds": rules.LATEST, **self._facts(screening_id, account, position)}

    def _facts(self, screening_id: str, account: str, position: QueuePosition) -> dict[str, Any]:
        """What a schemas.order.queue.PlaceReply says in this status only."""
        match position.status:
            case "drawing":
                return {"draw_at": position.drawn_at,
                        "ask_again_seconds": rules.ask_again_before_draw(position.drawn_at, position.now)}
            case "waiting":
                wait = rules.wait_seconds(position.before, self.settings.pass_rules.per_second, position.pace)
                return {"number": position.number, "people_before": position.before, "wait_seconds": wait,
                        "ask_again_seconds": rules.ask_again_seconds(wait)}
            case "admitted":
                return {"pass": give_pass(self.ticket_keys, screening_id, account, position.pass_ends_ms),
                        "pass_until": moment(position.pass_ends_ms)}
        return {}
