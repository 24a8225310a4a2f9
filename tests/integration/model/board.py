"""The seat board at the model's time, in a Redis that may be slow to write."""

import datetime as dt
from functools import partial
from typing import Any

from redis import Redis
from redis.exceptions import TimeoutError as RedisSilent

from services.order.seat_boards import LATE_SECONDS
from services.seating.board import Board
from tests.integration.model.accidents import Accidents
from tests.integration.model.clock import KEY, Clock

WRITES = ("hold", "mark", "rebuild")


class BoardAtModelTime(Board):
    """The board with the scripts it has, but for where they look at the time."""

    def __init__(self, client: Redis, accidents: Accidents, clock: Clock) -> None:
        super().__init__(client)
        scripts = {name: client.register_script(script.script.replace(
            "redis.call('TIME')", f"redis.call('LRANGE', '{KEY}', 0, -1)")) for name, script in self._scripts.items()}
        self._scripts = scripts | {name: SlowScript(scripts[name], accidents, clock) for name in WRITES}


class SlowScript:
    """A script whose caller may be left without an answer, whether it was done, is done late, or never is."""

    def __init__(self, script: Any, accidents: Accidents, clock: Clock) -> None:
        self._script, self._accidents, self._clock = script, accidents, clock

    def __call__(self, keys: list[str], arguments: list[Any]) -> Any:
        accident = self._accidents.passes("board")
        if accident == "later":
            until = self._clock.time + dt.timedelta(seconds=LATE_SECONDS)
            self._accidents.late_writes.append((until, partial(self._script, keys, arguments)))
        answer = None if accident in ("later", "undone") else self._script(keys, arguments)
        if accident:
            raise RedisSilent
        return answer
