"""What came of the faults that were written into the rules."""

import pytest

from proof import mutation
from proof.mutation import Fault, summarize

RULES, PRICING = "services.film.rules", "services.order.buying.pricing"


def statuses(noticed: int, unnoticed: int, module: str = RULES, status: str = "survived") -> dict[str, str]:
    """Faults in a function of this module."""
    return {f"{module}.x_decide__mutmut_{number}": "killed" if number < noticed else status
            for number in range(noticed + unnoticed)}


def test_nine_of_ten_noticed_faults_are_enough() -> None:
    outcome = summarize(statuses(9, 1), [])
    assert outcome.passed
    assert (outcome.count, outcome.verdict) == ("10 faults in 1 modules: `services.film.rules`", "9 noticed (90.0 %)")


def test_each_module_is_held_to_its_own_nine_of_ten() -> None:
    outcome = summarize({**statuses(999, 1), **statuses(8, 2, PRICING)}, [])
    assert not outcome.passed
    assert outcome.verdict == ("1,007 noticed (99.7 %); FAILED, less than 90 %: "
                               "`services.order.buying.pricing` 80.0 %")


def test_a_fault_that_makes_a_test_hang_is_noticed_and_one_without_tests_is_not() -> None:
    assert summarize(statuses(0, 10, status="timeout"), []).passed
    assert not summarize(statuses(0, 10, status="no tests"), []).passed


def test_no_fault_at_all_proves_nothing() -> None:
    assert not summarize({}, []).passed


def test_a_method_counts_to_its_module() -> None:
    assert Fault(f"{RULES}.xǁHallǁkinds__mutmut_1", "survived", "", "").module == RULES


def test_an_unnoticed_fault_is_listed_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutation, "read_reasons", lambda: {(RULES, "return a <= b"): "nobody can tell"})
    faults = [Fault(f"{RULES}.x_decide__mutmut_{number}", "survived", "return a < b", after)
              for number, after in enumerate(("return a <= b", "return a > b"))]

    assert summarize(statuses(18, 2), faults).sections == {mutation.HEADING: (
        "- `services.film.rules`: `return a < b` became `return a <= b`: nobody can tell\n"
        "- `services.film.rules`: `return a < b` became `return a > b`: not judged yet")}
