"""How many points an order is worth, and what counts as a member's day. Pure: no I/O, `now` is an argument."""

import datetime as dt
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

CYCLE = 7  # days
ZONE_KEPT = dt.timedelta(days=30)
DAY = dt.timedelta(days=1)


# --- points of an order ---


class OrderAmounts(Protocol):
    """A row of `order_points`, as far as it counts."""

    refunded_before: int
    seats_amount: int
    seats_refunded: int
    seats_points: int
    seats_per: int
    snacks_amount: int
    snacks_refunded: int
    snacks_points: int
    snacks_per: int


def points_earned(order: OrderAmounts) -> int:
    """The points of an order as it was paid, those of seats and of snacks each rounded down."""
    return (order.seats_amount * order.seats_points // order.seats_per
            + order.snacks_amount * order.snacks_points // order.snacks_per)


def points_kept(order: OrderAmounts) -> int:
    """The points of the money that has not gone back, rounded as `points_earned`: nothing stays of a whole refund."""
    seats = _rest(order.seats_amount, order.seats_refunded - order.refunded_before)
    snacks = _rest(order.snacks_amount, order.snacks_refunded)
    return seats * order.seats_points // order.seats_per + snacks * order.snacks_points // order.snacks_per


def _rest(amount: int, refunded: int) -> int:
    return max(0, amount - max(0, refunded))


def tier_of(lifetime: int, tiers: list[tuple[str, int]]) -> str | None:
    """The highest of the tiers (name, points needed) that this many points reach; None: not even the lowest."""
    reached = [(points, name) for name, points in tiers if lifetime >= points]
    return max(reached)[1] if reached else None


# --- the zone of a member ---


class ZoneChoice(Protocol):
    """A row of `member`, as far as it counts."""

    time_zone: str | None
    zone_since: dt.datetime | None
    has_chosen: bool
    profile_zone: str | None
    cinema_zone: str | None


@dataclass(frozen=True)
class HomeZone:
    """The zone by which a member's days are counted, as the columns of `member` keep it."""

    time_zone: str
    zone_since: dt.datetime | None
    has_chosen: bool


def home_zone(member: ZoneChoice, default: str, now: dt.datetime) -> HomeZone:
    """The profile's zone, else that of the cinema last bought at, else the default; it changes once in ZONE_KEPT.

    A member's first own choice takes effect at once: before it, the zone was our guess.
    """
    wanted, is_choice = member.profile_zone or member.cinema_zone or default, member.profile_zone is not None
    has_chosen = member.has_chosen or is_choice
    if member.time_zone is None:
        return HomeZone(wanted, None, has_chosen)
    if wanted == member.time_zone:
        return HomeZone(wanted, member.zone_since, has_chosen)
    is_first_choice = is_choice and not member.has_chosen
    if is_first_choice or member.zone_since is None or now - member.zone_since >= ZONE_KEPT:
        return HomeZone(wanted, now, has_chosen)
    return HomeZone(member.time_zone, member.zone_since, member.has_chosen)


# --- days ---


def local_date(now: dt.datetime, zone: str) -> dt.date:
    """The date in a zone at this moment."""
    return now.astimezone(ZoneInfo(zone)).date()


def start_of(day: dt.date, zone: str) -> dt.datetime:
    """The first moment of a date in a zone, in UTC; where clocks skip midnight, the moment at which they do."""
    return dt.datetime.combine(day, dt.time(), ZoneInfo(zone)).astimezone(dt.UTC)


class LastCheckIn(Protocol):
    """A row of `check_in`, as far as it counts."""

    local_date: dt.date
    checked_in_at: dt.datetime
    day: int
    cycle: int
    streak: int


@dataclass(frozen=True)
class Progress:
    """A check-in's day of its cycle, 1 to 7; the number of the cycle; and the days in a row up to it."""

    day: int
    cycle: int
    streak: int


def is_done(last: LastCheckIn | None, today: dt.date) -> bool:
    """Whether the member has checked in today, or, having flown west, on a date that is still to come here."""
    return last is not None and last.local_date >= today


def next_progress(last: LastCheckIn | None, today: dt.date, zone: str) -> Progress:
    """What a check-in today is, after the `last` one, which was on an earlier date."""
    if last is None:
        return Progress(day=1, cycle=1, streak=1)
    if has_missed_a_day(last, today, zone):
        return Progress(day=1, cycle=last.cycle + 1, streak=1)
    if last.day == CYCLE:
        return Progress(day=1, cycle=last.cycle + 1, streak=last.streak + 1)
    return Progress(last.day + 1, last.cycle, last.streak + 1)


def has_missed_a_day(last: LastCheckIn, today: dt.date, zone: str) -> bool:
    """Whether there was a whole day in the zone, after the last check-in and before today.

    No day is missed that a zone left out of its calendar, or that had begun before the last check-in, elsewhere: the
    member flew east.
    """
    between = ((last.local_date + DAY * n) for n in range(1, (today - last.local_date).days))
    return any(last.checked_in_at <= start_of(day, zone) < start_of(day + DAY, zone) for day in between)


def next_at(last: LastCheckIn | None, today: dt.date, zone: str) -> dt.datetime:
    """When the next day to check in on begins."""
    done = last.local_date if last is not None and is_done(last, today) else today
    return start_of(done + DAY, zone)


def day_state(day: dt.date, is_checked_in: bool, today: dt.date) -> str:
    """One of schemas.loyalty.DAY_STATES."""
    if is_checked_in:
        return "done"
    return "open" if day >= today else "missed"
