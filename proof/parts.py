"""The parts of the proof, in words for a cinema's owner, and the tests behind each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    name: str       # for --only
    claim: str      # what was tried
    tests: tuple[str, ...]
    without: tuple[str, ...] = ()


PARTS = (
    Part("rules", "Prices, deadlines, refunds, seating plans and the messages between the rooms, each by itself",
         ("tests/unit", "tests/contracts", "tests/architecture")),
    Part("rooms", "Each room on real servers, with lost connections, processes that die, payments that fail and forged "
                  "messages", ("tests/integration",), ("tests/integration/campaign", "tests/integration/model",
                                                              "tests/integration/storms")),
    Part("browser", "The pages in a real browser: buying, paying, refunds, the kitchen, two languages, phones, "
                    "keyboards and screen readers", ("tests/browser",)),
    Part("storms", "Crowds that want the same seats at the same time, and requests that arrive ten times over",
         ("tests/integration/storms",)),
    Part("campaign", "Every room and server killed again and again, paused or emptied while customers buy; hostile "
                     "connections, and everybody at what is not theirs",
         ("tests/integration/campaign", "tests/integration/gateway/test_authorization.py",
          "tests/integration/gateway/test_hostile_senders.py"), ("tests/integration/campaign/test_fuzz.py",)),
    Part("fuzz", "Odd requests to every method, drawn from the API's own description, with the rights of a manager, a "
                 "buyer and an admin", ("tests/integration/campaign/test_fuzz.py",)),
    Part("model", "Buyers, cooks, the payment provider, the clock and accidents in any order; after each step every "
                  "seat, ticket, cent and snack is where an independent ledger has it", ("tests/integration/model",)),
)
MUTATION = Part("mutation", "Small faults written into the rules on prices, seats, refunds and limits, one at a time; "
                            "the tests have to notice each", ())
