"""Which seats of a hall can be bought by themselves, and which only together; a hall is film.get_hall_info's answer."""

from typing import Any

Hall = dict[str, Any]


def singles_first(hall: Hall) -> list[dict[str, str]]:
    """The states of all seats, those first that are sold one by one."""
    alone = {seat["seat_id"] for seat in hall["chart"]["seats"] if seat["kind"] in ("standard", "premium")}
    return sorted(hall["seats"], key=lambda seat: seat["seat_id"] not in alone)


def units(hall: Hall) -> list[list[str]]:
    """All seats as they can be bought: one by one, couple seats whole, companions with the nearest wheelchair place."""
    found: dict[str, list[str]] = {}
    for seat in hall["chart"]["seats"]:
        found.setdefault(_first_of_unit(hall, seat), []).append(seat["seat_id"])
    return list(found.values())


def _first_of_unit(hall: Hall, seat: dict[str, Any]) -> str:
    if seat["kind"] != "companion":
        return str(min(seat["seat_id"], seat.get("goes_with", seat["seat_id"])))
    return str(min((abs(place["x"] - seat["x"]), place["seat_id"]) for place in hall["chart"]["seats"]
                   if place["row"] == seat["row"] and place["kind"] == "wheelchair")[1])
