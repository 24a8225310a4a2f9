"""Plays of many steps drawn by chance; Hypothesis shortens one that fails."""

from collections.abc import Callable
from itertools import count

import hypothesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from tests.integration.model.accident_steps import AccidentSteps
from tests.integration.model.buyer_steps import BuyerSteps
from tests.integration.model.card_steps import CardSteps
from tests.integration.model.cinema import Cinema
from tests.integration.model.member_steps import MemberSteps
from tests.integration.model.more_time_steps import MoreTimeSteps
from tests.integration.model.provider_steps import ProviderSteps
from tests.integration.model.staff_steps import StaffSteps

STEPS = 100             # of a play, at most; its end takes as long as 50 of them
GO_ON = range(1000)     # drawn before each step: 0 ends the play, so that one that fails can be shortened


class OrderPlay(BuyerSteps, StaffSteps, ProviderSteps, AccidentSteps):
    """What is about orders, which nobody hears of in the rooms for members."""

    absent = frozenset({"loyalty", "wallet"})


class MemberPlay(OrderPlay, MemberSteps, CardSteps):
    """And what is about members and their cards."""

    absent = frozenset()


class Play(MemberPlay, MoreTimeSteps):
    """All the steps."""


def play_until(done: Callable[[], bool], cinema: Cinema, seed: int, shrink: bool = True,
               kind: type[OrderPlay] = Play, steps: int = STEPS) -> None:
    """Play anew until `done`, at most so many steps each time; the same seed makes the same plays.

    Within one test Hypothesis would make five of six plays by copying parts of the one before. So each play is a test
    of its own, with two examples: the first is always the simplest, which has no step.
    """
    for number in count():
        if done():
            return
        try:
            hypothesis.seed(f"{seed}/{number}")(_test(cinema, shrink, kind, steps))()
        except Exception as problem:
            problem.add_note(f"--seed={seed} repeats it, in play {number}")
            raise


def _test(cinema: Cinema, shrink: bool, kind: type[OrderPlay], steps: int) -> Callable[[], None]:
    @hypothesis.settings(
        max_examples=2, database=None, deadline=None, print_blob=False, report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate])
    @given(st.data())
    def play(data: st.DataObject) -> None:
        story = kind(cinema)
        for _ in range(steps):
            if not data.draw(st.sampled_from(GO_ON)):
                break
            story.take_step(data)
        story.settle()

    return play
