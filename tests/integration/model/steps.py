"""What all the rules share: the cinema, and whom a step is about."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

from hypothesis import stateful
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize
from hypothesis.strategies._internal.featureflags import FeatureFlags

from services.foundation.rpc.calls import Principal
from tests.integration.model.cinema import Cinema
from tests.integration.model.orders import Order
from tests.integration.model.settling import settle

PICK = st.integers(0, 7)    # which one, the newest first
STAFF = Principal(user_id="sam", roles=("staff",))


def rule(**drawn: Any) -> Callable[[Callable[..., None]], Any]:
    """Hypothesis' rule, counted."""
    def decorate(function: Callable[..., None]) -> Any:
        @wraps(function)
        def counted(self: "Steps", **values: Any) -> None:
            function(self, **values)
            self.cinema.steps += 1

        return stateful.rule(**drawn)(counted)

    return decorate


class Steps(RuleBasedStateMachine):
    cinema: ClassVar[Cinema]

    def __init__(self) -> None:
        super().__init__()
        # Hypothesis would switch some rules off for a whole example, and one in which nobody buys is about nothing.
        self._rules_strategy.enabled_rules_strategy = st.just(FeatureFlags())

    @initialize()
    def open(self) -> None:
        self.keys = 0
        self.cinema.open()

    def teardown(self) -> None:
        """Let everything come to rest, and compare once more; unless a step has gone wrong already."""
        if self.cinema.is_open:
            settle(self.cinema)

    @property
    def orders(self) -> list[Order]:
        return list(self.cinema.ledger.orders.values())

    def order(self, pick: int, *statuses: str) -> Order:
        """The one picked, mostly among those that stand so."""
        some = [each for each in self.orders if each.status in statuses] if pick % 4 else []
        found = some or self.orders
        return found[-1 - pick % len(found)]

    def principal(self, buyer: str, keyed: bool) -> Principal:
        """A buyer, with an Idempotency-Key nobody has used, or none."""
        self.keys += keyed
        return Principal(user_id=buyer, idempotency_key=f"key-{self.keys}" if keyed else None)
