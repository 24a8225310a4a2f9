"""The zone of a member: the profile's, else the cinema's, else the house's; it changes once a month."""

import datetime as dt
from typing import Any

import pytest

from services.loyalty.rules import ZONE_KEPT, HomeZone, home_zone
from tests.unit.loyalty.samples import member, utc

NOW = utc("2026-11-21T12:00:00")
DAY = dt.timedelta(days=1)
DEFAULT = "Europe/Berlin"


@pytest.mark.parametrize(("wishes", "zone"), [
    ({}, DEFAULT), ({"cinema_zone": "Asia/Shanghai"}, "Asia/Shanghai"),
    ({"cinema_zone": "Asia/Shanghai", "profile_zone": "Asia/Tokyo"}, "Asia/Tokyo"),
])
def test_the_profile_counts_before_the_cinema_and_the_cinema_before_the_default(wishes: Any, zone: str) -> None:
    assert home_zone(member(**wishes), DEFAULT, NOW) == HomeZone(zone, None, "profile_zone" in wishes)


def settled(zone: str, since: dt.datetime | None, **wishes: Any) -> Any:
    return member(time_zone=zone, zone_since=since, **wishes)


@pytest.mark.parametrize("wishes", [{"cinema_zone": "Asia/Tokyo"},
                                    {"profile_zone": "Asia/Tokyo", "has_chosen": True}])
def test_a_zone_changes_at_most_once_a_month(wishes: dict[str, Any]) -> None:
    for ago, changes in ((DAY, False), (ZONE_KEPT - DAY, False), (ZONE_KEPT, True)):
        found = home_zone(settled("Europe/Paris", NOW - ago, **wishes), DEFAULT, NOW)
        assert found.time_zone == ("Asia/Tokyo" if changes else "Europe/Paris")
        assert found.zone_since == (NOW if changes else NOW - ago)


def test_the_first_change_takes_effect_at_once() -> None:
    found = home_zone(settled("Europe/Paris", None, has_chosen=True, profile_zone="Asia/Tokyo"), DEFAULT, NOW)
    assert found == HomeZone("Asia/Tokyo", NOW, True)


def test_a_first_own_choice_takes_effect_at_once_after_a_guess() -> None:
    guess = settled("Asia/Shanghai", NOW - DAY, cinema_zone="Asia/Shanghai", profile_zone="Asia/Tokyo")
    assert home_zone(guess, DEFAULT, NOW) == HomeZone("Asia/Tokyo", NOW, True)


def test_choosing_again_has_to_wait_even_if_the_choice_was_removed_between() -> None:
    removed = home_zone(settled("Asia/Tokyo", NOW - DAY, has_chosen=True), DEFAULT, NOW)
    assert removed == HomeZone("Asia/Tokyo", NOW - DAY, True)
    again = settled("Asia/Tokyo", NOW - DAY, has_chosen=True, profile_zone="Pacific/Honolulu")
    assert home_zone(again, DEFAULT, NOW).time_zone == "Asia/Tokyo"


def test_choosing_the_zone_in_force_is_a_choice_but_no_change() -> None:
    found = home_zone(settled("Asia/Tokyo", None, profile_zone="Asia/Tokyo"), DEFAULT, NOW)
    assert found == HomeZone("Asia/Tokyo", None, True)


def test_a_zone_that_waits_is_no_choice_yet() -> None:
    waiting = settled("Asia/Tokyo", NOW - DAY, cinema_zone="Europe/Paris")
    assert home_zone(waiting, DEFAULT, NOW) == HomeZone("Asia/Tokyo", NOW - DAY, False)
