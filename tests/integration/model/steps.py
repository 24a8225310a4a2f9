"""What all steps share: the cinema, which step is possible when, and whom a step is about."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from hypothesis import note
from hypothesis import strategies as st

from services.foundation.rpc.calls import Principal
from tests.integration.model.cinema import Cinema
from tests.integration.model.orders import Order
from tests.integration.model.settlement import settle

PICK = st.integers(0, 7)    # which one, the newest first
STAFF = Principal(user_id="sam", roles=("manager",))
Function = TypeVar("Function", bound=Callable[..., None])


def rule(**drawn: st.SearchStrategy[Any]) -> Callable[[Function], Function]:
    """A method that is a step, and how its arguments are drawn."""
    def decorate(function: Function) -> Function:
        vars(function)["arguments"] = st.fixed_dictionaries(drawn)
        return function

    return decorate


def precondition(holds: Callable[[Any], object]) -> Callable[[Function], Function]:
    """When the step is possible."""
    def decorate(function: Function) -> Function:
        vars(function)["is_possible"] = holds
        return function

    return decorate


class Steps:
    """A play on an opened cinema, taken step by step.

    Each step that is possible is as likely as any other. Hypothesis' own state machine would switch some of them off
    for a whole play, and one in which nobody buys is about nothing.
    """

    rules: ClassVar[list[Any]] = []
    absent: ClassVar[frozenset[str]] = frozenset()   # the rooms that hear of no events

    def __init_subclass__(cls) -> None:
        cls.rules = [rule for name in dir(cls) if hasattr(rule := getattr(cls, name), "arguments")]

    def __init__(self, cinema: Cinema) -> None:
        self.cinema, self.keys = cinema, 0
        cinema.open(self.absent)

    def take_step(self, data: st.DataObject) -> None:
        """Draw a step and its arguments, and take it; what fails is printed as calls of the steps' methods."""
        possible = [rule for rule in self.rules if getattr(rule, "is_possible", bool)(self)]
        step = data.draw(st.sampled_from(possible))
        arguments = data.draw(step.arguments)
        note(f"story.{step.__name__}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})")
        step(self, **arguments)
        self.cinema.steps += 1

    def settle(self) -> None:
        """Let everything come to rest, and compare once more."""
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
