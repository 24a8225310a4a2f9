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
from services.seating.sale_queue import Admission, SaleQueue, Standing, moment

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

    def admission(self, buyer: Principal, screening: ScreeningSnapshot, given: str | None) -> Admission | None:
        """What the board asks of a buyer with this pass; None of the cinema's own people, who sell at the desk."""
        if includes_at(buyer.roles, "cashier", screening.cinema_id):
            return None
        account = str(buyer.user_id)
        return Admission(account, end_of(given, self.ticket_keys, screening.screening_id, account),
                         self.settings.rate, self.settings.drawing)

    def _place(self, screening_id: str, account: str, join: bool) -> dict[str, Any]:
        standing = self.queue.ask(screening_id, account, self.settings.flow, join)
        if standing.status == "absent":
            raise NotInQueue()
        PASSES.inc(standing.let_in)
        last_seen[screening_id] = standing.waiting
        return {
            "screening_id": screening_id, "status": standing.status, "server_time": standing.now or utc_now(),
            "number": None, "people_before": None, "wait_seconds": None, "draw_at": None, "pass": None,
            "pass_until": None, "ask_again_seconds": rules.LATEST, **self._facts(screening_id, account, standing)}

    def _facts(self, screening_id: str, account: str, standing: Standing) -> dict[str, Any]:
        """What a schemas.order.queue.PlaceReply says in this status only."""
        match standing.status:
            case "drawing":
                return {"draw_at": standing.drawn_at,
                        "ask_again_seconds": rules.ask_again_before_draw(standing.drawn_at, standing.now)}
            case "waiting":
                wait = rules.wait_seconds(standing.before, self.settings.flow.per_second, standing.pace)
                return {"number": standing.number, "people_before": standing.before, "wait_seconds": wait,
                        "ask_again_seconds": rules.ask_again_seconds(wait)}
            case "admitted":
                return {"pass": give_pass(self.ticket_keys, screening_id, account, standing.pass_ends_ms),
                        "pass_until": moment(standing.pass_ends_ms)}
        return {}
