"""Every gateway hears of what its caches have to forget, and not only one of them."""

import datetime as dt
import inspect
from types import SimpleNamespace
from typing import Any

from nameko.events import BROADCAST
from nameko.testing.services import worker_factory

from gateway.caches.principals import PrincipalCache
from gateway.service import Gateway
from schemas import order, user
from services.foundation.amqp.announcements import AnnouncementHandler


def test_each_announcement_reaches_all_gateways() -> None:
    methods = [method for _, method in inspect.getmembers(Gateway, inspect.isfunction)]
    heard = {(entrypoint.source_service, entrypoint.event_type): entrypoint.handler_type
             for method in methods for entrypoint in getattr(method, "nameko_entrypoints", ())
             if isinstance(entrypoint, AnnouncementHandler)}
    wanted = (order.SEATS_CHANGED, user.TOKENS_REVOKED)
    assert heard == {(each.room, each.name): BROADCAST for each in wanted}


def test_a_token_that_was_ended_at_another_gateway_is_asked_about_anew() -> None:
    principals, asked = PrincipalCache(60), []

    def authorize(token: str) -> dict[str, Any]:
        asked.append(token)
        return {"user_id": "ada", "username": "ada", "roles": [],
                "expires_at": (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).isoformat()}

    for _ in range(2):
        principals.find("t", authorize)
    assert asked == ["t"]
    worker_factory(Gateway, caches=SimpleNamespace(principals=principals)).tokens_revoked([user.token_id("t")])
    principals.find("t", authorize)
    assert asked == ["t", "t"]
