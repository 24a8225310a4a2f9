"""The clock, and bad luck."""

import datetime as dt
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st

from schemas.errors import Refusal
from tests.integration.model.accidents import Accident
from tests.integration.model.orders import Intent
from tests.integration.model.steps import PICK, Steps, precondition, rule

MINUTES = st.sampled_from((1, 1, 2, 3, 9, 9, 16, 61, 200))


class AccidentSteps(Steps):
    @rule(minutes=MINUTES)
    def time_passes(self, minutes: int) -> None:
        self.cinema.pass_time(dt.timedelta(minutes=minutes))

    @rule(seconds=st.sampled_from((4, 12)))
    def a_moment_passes(self, seconds: int) -> None:
        self.cinema.pass_time(dt.timedelta(seconds=seconds))

    @rule()
    def redis_loses_everything(self) -> None:
        self.cinema.world.lose_redis()
        self.cinema.ledger.doubtful_since = None

    @rule(room=st.sampled_from(("order", "order", "payment", "kitchen")), kind=st.sampled_from(("before", "after")),
          countdown=st.integers(0, 4))
    def a_room_is_about_to_die(self, room: str, kind: Any, countdown: int) -> None:
        """Before or after one of its next commits."""
        self.cinema.world.accidents.planned = Accident(room, kind, countdown)

    @rule(room=st.sampled_from(("order", "payment", "kitchen")), kind=st.sampled_from(("undone", "done")),
          countdown=st.integers(0, 3))
    def a_commit_is_about_to_get_lost(self, room: str, kind: Any, countdown: int) -> None:
        self.cinema.world.accidents.planned = Accident(room, kind, countdown)

    @rule(room=st.sampled_from(("payment", "payment", "kitchen")),
          kind=st.sampled_from(("undone", "done", "later", "fault", "nonsense")), countdown=st.integers(0, 1))
    def a_call_is_about_to_fail(self, room: str, kind: Any, countdown: int) -> None:
        """From the order room to this one."""
        self.cinema.world.accidents.planned = Accident(f">{room}", kind, countdown)

    @precondition(lambda self: self.cinema.world.accidents.late)
    @rule(pick=PICK)
    def what_was_asked_for_is_done_late(self, pick: int) -> None:
        """A slow room, or the provider, does what its caller has given up hope of."""
        late = self.cinema.world.accidents.late
        do = late.pop(-1 - pick % len(late))

        def do_it() -> None:
            with suppress(Refusal):  # nobody hears the answer
                self.cinema.world.survive(do)

        self.cinema.step(Intent("late"), do_it)

    @rule(kind=st.sampled_from(("undone", "done", "later", "later")), countdown=st.integers(0, 2))
    def redis_is_about_to_stall(self, kind: Any, countdown: int) -> None:
        """When it is to write on a board."""
        self.cinema.world.accidents.planned = Accident("board", kind, countdown)

    @precondition(lambda self: self.cinema.world.accidents.late_writes)
    @rule(pick=PICK)
    def redis_goes_on(self, pick: int) -> None:
        self.cinema.write_late(pick % len(self.cinema.world.accidents.late_writes))
