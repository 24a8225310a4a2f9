"""Everything at once, and how Hypothesis is to try it."""

from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS
from hypothesis.stateful import run_state_machine_as_test

from tests.integration.model.buyers import Buyers
from tests.integration.model.cinema import Cinema
from tests.integration.model.house import House
from tests.integration.model.luck import Luck
from tests.integration.model.outside import Outside

STEPS = 50
# Left to itself, Hypothesis makes five of six examples by copying parts of the one before. As any backend but its own,
# its provider of chance makes each anew.
AVAILABLE_PROVIDERS["anew"] = "hypothesis.internal.conjecture.providers.HypothesisProvider"


class EverythingAtOnce(Buyers, House, Outside, Luck):
    """All the rules."""


def try_out(cinema: Cinema, examples: int, seed: Any = None, shrink: bool = True) -> None:
    """Take STEPS steps in each of so many examples.

    Always the same ones, so that nobody's change is held up by what somebody else has broken; other ones with
    `--hypothesis-seed`. What fails is told as the steps to it.
    """
    EverythingAtOnce.cinema = cinema
    run_state_machine_as_test(EverythingAtOnce, settings=settings(
        max_examples=examples, stateful_step_count=STEPS, derandomize=seed is None, backend="anew", database=None,
        deadline=None, print_blob=False, report_multiple_bugs=False, suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate]))
