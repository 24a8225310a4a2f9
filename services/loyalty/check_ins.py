"""Daily check-ins: one row per member and local date, with its event in the same transaction."""

import datetime as dt
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from schemas.errors import FieldsInvalid
from schemas.loyalty import CHECKED_IN, DAYS_AT_MOST
from services.foundation.events import outbox
from services.foundation.ids import new_id
from services.loyalty import rules, store
from services.loyalty.models import OUTBOX
from services.loyalty.settings import LoyaltySettings

Fields = dict[str, Any]
STRANGER = SimpleNamespace(**store.NEW_MEMBER)


def check_in(tx: Connection, settings: LoyaltySettings, user_id: str, now: dt.datetime) -> Fields:
    """Check in for today, unless that is done; the reply, a schemas.loyalty.check_ins.CheckIn."""
    home = rules.home_zone(store.lock_member(tx, user_id), settings.time_zone, now)
    store.change_member(tx, user_id, **asdict(home))
    zone = home.time_zone
    today, last = rules.local_date(now, zone), store.last_check_in(tx, user_id)
    if last is None or not rules.is_done(last, today):
        last = _add(tx, settings, user_id, today, zone, rules.next_progress(last, today, zone), now)
    return {"day": last.day, "cycle": last.cycle, "reward": _reward(last), "checked_in_at": last.checked_in_at,
            "next_at": rules.next_at(last, today, zone)}


def _add(tx: Connection, settings: LoyaltySettings, user_id: str, today: dt.date, zone: str,
         progress: rules.Progress, now: dt.datetime) -> Row[Any]:
    reward = settings.rewards[progress.day - 1]
    row = {"check_in_id": new_id(), "user_id": user_id, "local_date": today, "time_zone": zone, **asdict(progress),
           **{name: reward.get(name) for name in ("points", "amount", "currency")}, "checked_in_at": now}
    added = store.add_check_in(tx, row)
    outbox.write(tx, OUTBOX, CHECKED_IN, about=added.check_in_id, sequence=1, body={**row, "reward": reward})
    return added


def _reward(row: Row[Any]) -> Fields:
    if row.points is not None:
        return {"kind": "points", "points": row.points}
    return {"kind": "wallet", "amount": row.amount, "currency": row.currency}


def state(tx: Connection, settings: LoyaltySettings, user_id: str, now: dt.datetime) -> Fields:
    """What the member has done today; the reply, a schemas.loyalty.check_ins.CheckInState."""
    return state_of(tx, settings, user_id, store.member(tx, user_id), now)


def state_of(tx: Connection, settings: LoyaltySettings, user_id: str, member: Row[Any] | None,
             now: dt.datetime) -> Fields:
    """`state` for a caller that has read the member's row, if there is one."""
    zone = _zone(member, settings, now)
    today, last = rules.local_date(now, zone), store.last_check_in(tx, user_id)
    rest = {"rewards": settings.rewards, "local_date": today, "time_zone": zone,
            "next_at": rules.next_at(last, today, zone), "server_time": now}
    if last is not None and rules.is_done(last, today):
        return {**rest, "done": True, **last._mapping, "local_date": today, "time_zone": zone}
    upcoming = rules.next_progress(last, today, zone)
    return {**rest, "done": False, "day": upcoming.day, "cycle": upcoming.cycle, "streak": upcoming.streak - 1,
            "checked_in_at": None}


def days(tx: Connection, settings: LoyaltySettings, request: Fields, now: dt.datetime) -> Fields:
    """A member's days, done or missed; the reply, a schemas.loyalty.check_ins.CheckInsReply.

    Raises FieldsInvalid unless the days are at least one and at most DAYS_AT_MOST.
    """
    user_id, first, last = request["user_id"], request["from"], request["to"]
    count = (last - first).days + 1
    if not 1 <= count <= DAYS_AT_MOST:
        raise FieldsInvalid(fields={"to": [f"From 1 to {DAYS_AT_MOST} days, from the first to the last."]})
    zone = _zone(store.member(tx, user_id), settings, now)
    today = rules.local_date(now, zone)
    done = {row.local_date: row for row in store.check_ins_between(tx, user_id, first, last)}
    found = [_day(first + rules.DAY * number, done, today) for number in range(count)]
    return {"user_id": user_id, "time_zone": zone, "days": found,
            **{name: sum(day["status"] == name for day in found) for name in ("done", "missed")}}


def _day(day: dt.date, done: dict[dt.date, Row[Any]], today: dt.date) -> Fields:
    row = done.get(day)
    status = rules.day_state(day, row is not None, today)
    if row is None:
        return {"local_date": day, "status": status, "day": None, "cycle": None, "reward": None, "checked_in_at": None}
    return {**row._mapping, "status": status, "reward": _reward(row)}


def _zone(member: Row[Any] | None, settings: LoyaltySettings, now: dt.datetime) -> str:
    return rules.home_zone(member or STRANGER, settings.time_zone, now).time_zone
