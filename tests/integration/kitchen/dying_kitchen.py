"""The kitchen room in a process that kills itself after an effect, before it acknowledges the event."""

import os
import signal
from itertools import count

from nameko import config

from schemas import order
from services.foundation.events import inbox
from services.foundation.events.consumers import Delivery, on_event
from services.kitchen import rules, service

taken_up = count(1)
if config["kitchen"].get("without_guards"):  # the effect of an event is repeated
    inbox.first_time = lambda tx, table, delivery: True
    rules.TRANSITIONS["new"] |= {"new"}


class Kitchen(service.Kitchen):
    @on_event(order.PAID)
    def take_up(self, delivery: Delivery) -> None:
        service.Kitchen.take_up(self, delivery)
        if next(taken_up) >= config["kitchen"]["dies_after"]:
            os.kill(os.getpid(), signal.SIGKILL)
