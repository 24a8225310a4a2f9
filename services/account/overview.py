"""Asks the rooms for their parts of a member's account, all at the same time."""

import logging
from collections.abc import Callable
from typing import Any

import eventlet

from schemas import loyalty, notification, order, user, wallet
from schemas.account import PARTS
from schemas.errors import Unauthenticated
from services.foundation.rpc.client import RemoteCaller
from services.foundation.tracing.trace_context import carried

log = logging.getLogger("marquee.account")
CALLS = 5   # that one overview makes
Fields = dict[str, Any]


def compose(remote: RemoteCaller, user_id: str, seconds: float) -> Fields:
    """The parts of schemas.account.Overview, and which of them are `unavailable`; each room has so many seconds.

    The rooms are asked on behalf of the member whose call this is. Raises Unauthenticated when a room does.
    """
    asked: tuple[Callable[[], Fields], ...] = (
        lambda: _named(remote.call(order.GET_UPCOMING, {}, seconds=seconds), "next_tickets", "open_orders"),  # longest
        lambda: _named(remote.call(loyalty.GET_STANDING, {"user_id": user_id}, seconds=seconds), "points", "check_in"),
        lambda: {"profile": remote.call(user.GET_PROFILE, {}, seconds=seconds)},
        lambda: {"wallet": remote.call(wallet.GET_BALANCE, {}, seconds=seconds)},
        lambda: {"unread_messages": remote.call(notification.GET_UNREAD, {}, seconds=seconds)["unread"]},
    )
    waiting = [eventlet.spawn(carried(_answer), ask) for ask in asked]
    parts = {name: part for thread in waiting for name, part in thread.wait().items()}
    return {name: parts.get(name) for name in PARTS} | {"unavailable": [name for name in PARTS if name not in parts]}


def _named(answer: Fields, *names: str) -> Fields:
    return {name: answer[name] for name in names}


def _answer(ask: Callable[[], Fields]) -> Fields:
    """A room's parts; none when it is down or silent, or has a bug."""
    try:
        return ask()
    except Unauthenticated:
        raise
    except Exception as problem:
        log.warning("a part of an account is missing", extra={"problem": f"{type(problem).__name__}: {problem}"})
        return {}
