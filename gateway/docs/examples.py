"""An example value for each field of a request, shown in the documentation."""

import json
import shlex
from typing import Any
from urllib.parse import urlencode

from schemas import user
from schemas.base import Method

VALUES: dict[str, Any] = {
    "username": "ada",
    "password": "a long sentence is a good password",
    "display_name": "Ada",
    "email": "ada@example.org",
    "token": "the-token-that-login-returned",
    "confirm_email.token": "the-token-behind-the-link",
    "reset_password.token": "the-token-behind-the-link",
    "open_order.token": "the-token-behind-the-link",
    "send_order_link.token": "the-token-behind-the-link",
    "guest_token": None,
    "same_guest": None,
    "pay.email": None,
    "old_password": "a long sentence is a good password",
    "new_password": "a longer sentence is a better password",
    "second_factor": "287082",
    "login.second_factor": None,
    "begin_second_factor.second_factor": None,
    "session_id": "3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea",
    "address_id": "01a1fd940ea77809a77a2f8a6f48a334",
    "name": "Ada Lovelace",
    "street": "12 rue de la Paix",
    "postal_code": "75002",
    "country": "FR",
    "film.search": "wong kar-wai",
    "title": "mood",
    "city": "Paris",
    "film_id": "in-the-mood-for-love",
    "screening_id": "01a1fd940ea77809a77a2f8a6f48a334",
    "order_id": "01a1fd94188c731599426506d887675e",
    "seats": ["F7", "F8"],
    "count": 2,
    "method": "sandbox",
    "status": "paid",
    "kitchen.status": "new",
    "undo.status": "preparing",
    "draw_at": "2026-11-21T10:00:00+01:00",
    "open_queue.reason": "The premiere is on sale from ten.",
    "close_queue.reason": "The rush is over.",
    "snacks": [{"sku": "popcorn-large", "quantity": 1}],
    "cinema_id": "kino-am-kanal",
    "sku": "popcorn-large",
    "stock": 60,
    "code": "K472",
    "order.code": "M1.Vkdap1Rj.01a1fd94188c731599426506d887675e~kanal-1~F7.VO1k9Dby7MnPMdwx7LH6kl0AJXA0wE2ilA2k7libFzrA"
                  "kj4ybOdzjYXrD6ZXpLhtMfaJDcXA21nIOcZAQnj2Ag",
    "nonce": "8f4d1c52-0f0b-4f7e-9c1e-2f1f6a0f7f10",
    "scanned_at": "2026-11-21T19:42:00+01:00",
    "door": "Saal 1, left",
    "get_attendance.screening_id": None,
    "office.method": "kitchen.restock",
    "office.from": "2026-11-01T00:00:00+01:00",
    "office.to": "2026-12-01T00:00:00+01:00",
    "insight.method": "order.buy",
    "insight.status": "error",
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
    "user_id": "01a1fd93f62b7f5e8d6a4c1b0e9f8a7d",
    "user_ids": ["01a1fd93f62b7f5e8d6a4c1b0e9f8a7d", "01a1fd940ea77809a77a2f8a6f48a334"],
    "role": "cook",
    "reason": "works at the bar from Monday",
    "query": "love",
    "save.roles": ["usher@kino-am-kanal"],
    "save.user_id": None,
    "points": 100,
    "get_check_ins.from": "2026-11-01",
    "get_check_ins.to": "2026-11-30",
    "message_ids": ["01a1fd94188c731599426506d8876761"],
    "pay.card_id": None,
    "card_id": "01a1fd94188c7315994265068d0f3b21",
    "adjust.amount": 500,
    "adjust.reason": "The projector failed.",
}


def fields_of(method: Method) -> dict[str, Any]:
    """The fields of an example request that the method accepts."""
    named = {name: next((VALUES[key] for key in (f"{method.name}.{name}", f"{method.room}.{name}", name)
                         if key in VALUES), None) for name in method.request().fields}
    return {name: value for name, value in named.items() if value is not None}


def curl(method: Method) -> str:
    """The example request as a curl command; $URL and $TOKEN are for the reader to set."""
    fields = fields_of(method)
    in_header = method.access != "public" or method is user.AUTHORIZE
    token = ' -H "Authorization: Bearer $TOKEN"' if in_header else ""
    if method.reads:
        fields = {name: value for name, value in fields.items() if name not in method.secret_fields}
        query = f"?{urlencode(fields, doseq=True)}" if fields else ""
        return f'curl "$URL{method.path}{query}"{token}'
    key = ' -H "Idempotency-Key: $(uuidgen)"' if method.keyed else ""
    body = f" -H 'Content-Type: application/json' -d {shlex.quote(json.dumps(fields))}" if fields else " -X POST"
    return f'curl "$URL{method.path}"{token}{key}{body}'
