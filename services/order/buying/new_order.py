"""A new order as its row, before anybody knows whether its seats can be had."""

import datetime as dt
from typing import Any

from services.foundation.ids import new_id
from services.foundation.rpc.calls import Principal
from services.foundation.rpc.idempotency import Keys
from services.order import rules, store
from services.order.buying.screening_snapshot import Terms
from services.order.refunding import refund_policy

Draft = dict[str, Any]


def new_draft(principal: Principal, keys: Keys, terms: Terms, quote: rules.Quote, limits: rules.Limits,
              now: dt.datetime) -> Draft:
    """The row, with the terms and policies of this moment stamped on it."""
    order_id = new_id()
    return {
        "order_id": order_id, "board_owner": board_owner(keys, order_id),
        "buyer_id": principal.user_id, "screening_id": terms.screening_id,
        "status": "created", "version": 1, "unpaid_slot": 1, "total": quote.total, "refunded": 0, "revived": False,
        "currency": terms.currency, "film_title": terms.film_title, "cinema_id": terms.cinema_id,
        "cinema_name": terms.cinema_name, "hall_name": terms.hall_name, "starts_at": terms.starts_at,
        "ends_at": terms.ends_at, "ask_again_at": None, "snacks": "[]", "kitchen_status": None, "kitchen_sequence": 0,
        "starts_offset": int((terms.starts_at.utcoffset() or dt.timedelta()).total_seconds() // 60),
        "refund_tiers": store.written(refund_policy.stamped(limits.refund_tiers, terms.starts_at)), "created_at": now,
        "expires_at": rules.first_deadline(terms.starts_at, now, limits), "changed_at": now,
    }


def board_owner(keys: Keys, order_id: str) -> str:
    """Under which name the board holds the seats. Copies of one request under one key share it: they are no rivals."""
    return (keys.fingerprint or order_id)[:32]
