"""What the cinema does: timers go off, cooks cook, staff cancel a screening."""

from typing import Any

from hypothesis import strategies as st

from schemas import kitchen
from schemas.order.cancellation import CANCEL_SCREENING
from tests.integration.model.accidents import Accident
from tests.integration.model.cinema import DONE, Request
from tests.integration.model.ledger import agree
from tests.integration.model.orders import OWNING, UNPAID, Intent, Screening
from tests.integration.model.predictions import of_cooking
from tests.integration.model.steps import PICK, STAFF, Steps, precondition, rule

CHORES = st.sampled_from((("payment", "finish_stale_work"), ("payment", "process_webhooks"),
                          ("payment", "process_webhooks"), ("payment", "reconcile"), ("kitchen", "sweep")))
COOKING = {method.name: method for method in (kitchen.START, kitchen.FINISH, kitchen.HAND_OVER)}


class StaffSteps(Steps):
    @rule(chore=CHORES)
    def a_timer_goes_off(self, chore: tuple[str, str]) -> None:
        self.cinema.tick(*chore)

    @rule()
    def tend(self) -> None:
        self.cinema.tend()

    @precondition(lambda self: self.cinema.snapshot.snacks)
    @rule(pick=PICK, step=st.sampled_from(sorted(COOKING)), says=st.sampled_from((None, None, "nothing", "X000")))
    def cook(self, pick: int, step: str, says: str | None) -> None:
        """`says`: what the guest says; None is the right code."""
        snacks = list(self.cinema.snapshot.snacks.values())
        order_id, code = snacks[-1 - pick % len(snacks)][0].order_id, snacks[-1 - pick % len(snacks)][0].pick_up_code
        said = {"pick_up_code": says or code} if step == "hand_over" and (says or code) and says != "nothing" else {}
        self.cinema.send(Request(
            COOKING[step], STAFF, {"order_id": order_id, **said},
            lambda: Intent("cook", self.cinema.ledger.orders.get(order_id)),
            lambda intent: of_cooking(self.cinema.snapshot.kitchen(order_id), step,
                                    right_code=said.get("pick_up_code") in (None, code))))

    @precondition(lambda self: any(not stock for stock in self.cinema.ledger.stock.values()))
    @rule(sku=st.sampled_from(("popcorn", "cola")), stock=st.integers(0, 4))
    def restock(self, sku: str, stock: int) -> None:
        self.cinema.send(Request(kitchen.RESTOCK, STAFF, {"cinema_id": "kanal", "sku": sku, "stock": stock},
                                 lambda: Intent("restock", snacks=((sku, stock),)), lambda intent: DONE))

    @precondition(lambda self: len(self.orders) > 1)
    @rule(where=st.integers(0, 1), dry_run=st.booleans(), dies=st.sampled_from((None, "before", "after")))
    def cancel_screening(self, where: int, dry_run: bool, dies: Any = None) -> None:
        """`dies`: so does the order room, before or after it has committed that."""
        if dies:
            self.cinema.world.accidents.planned = Accident("order", dies, 0)
        screening = self.cinema.ledger.screenings[where]
        outcome = self.cinema.send(Request(
            CANCEL_SCREENING, STAFF, {"screening_id": screening.screening_id, "dry_run": dry_run, "reason": "broken"},
            lambda: Intent("look" if dry_run else "cancel screening", screening=screening), lambda intent: DONE))
        if dies:
            self.cinema.met[f"{dies} cancelling"] += not dry_run and screening.cancelled is (dies == "after")
        if outcome.told:
            self._check_summary(screening, outcome.told)

    def _check_summary(self, screening: Screening, told: dict[str, Any]) -> None:
        here = [each for each in self.orders if each.screening is screening]
        paid = [each for each in here if each.status in OWNING]
        summary = {"unpaid_orders": len([each for each in here if each.status in UNPAID]), "paid_orders": len(paid),
                   "orders_being_refunded": len([each for each in here if each.status == "refunding"]),
                   "amount": sum(each.worth_of(each.valid) + each.snacks_worth for each in paid)}
        agree(summary == {name: told[name] for name in summary}, f"{told} should be {summary}")
        agree((told["cancelled_at"] is not None) == screening.cancelled, f"{told}, but {screening}")
