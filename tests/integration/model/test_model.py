"""Buyers, cooks, a provider, the clock and accidents in any order: the model's ledger is always the database's."""

from collections.abc import Callable
from typing import Any

from tests.integration.model.cinema import Cinema
from tests.integration.model.play import play_until
from tests.sizes import Size

# What must have happened on the way, so that something was tried.
SEEN = {("created", "paying"), ("created", "cancelled"), ("created", "expired"), ("paying", "paid"),
        ("paying", "expired"), ("paid", "part_refunded"), ("paid", "refunded"),
        ("paid", "completed"), ("refunding", "refunded")}
MET = {"board later", "board undone", "board done", ">payment fault",
       "CoupleSeatParted", "CompanionAlone",
       "before cancelling", "after cancelling", "InsufficientFunds", "NotEnoughPoints", "paid by wallet"}
# Once in some thousand steps, so asked of the full size only. Stories and tests of the rooms tell them, too.
RARELY_SEEN = {("expired", "paid"), ("paying", "cancelled"), ("paying", "review")}
RARELY_MET = {"decided meanwhile", ">payment nonsense", "card removed", "UnknownCard", "paid by kept card",
              ">kitchen fault", ">kitchen nonsense", "redeemed"}


def test_whatever_happens_the_ledger_is_right(cinema: Cinema, size: Size, seed: int,
                                               record_property: Callable[[str, object], None]) -> None:
    """So many steps, and then further ones until everything that must happen has happened."""
    seen, met = (SEEN | RARELY_SEEN, MET | RARELY_MET) if size.rare else (SEEN, MET)

    def missing() -> set[Any]:
        return (seen - set(cinema.seen)) | (met - set(+cinema.met))   # a count of 0 is not there

    play_until(lambda: cinema.steps >= (size.model_most_steps if missing() else size.model_steps), cinema, seed)
    record_property("tried", f"{cinema.steps:,} steps")
    assert not missing()
