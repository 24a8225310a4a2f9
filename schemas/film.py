"""The film room: cinemas, halls, seat charts, films, screenings, prices."""

from dataclasses import dataclass
from typing import Any

from marshmallow import fields, validate

from schemas.base import Announcement, Method, PageReply, PageRequest, Schema
from schemas.errors import Busy, Conflict, NotFound
from schemas.fields import Currency, Id, Moment, Money, SeatId, Text, Whole

SEAT_KINDS = ("standard", "premium", "couple", "wheelchair", "companion")
SEAT_STATES = ("free", "held", "sold")
SEAT_REASONS = ("adjacent", "split", "wheelchair", "centre", "two_thirds_back", "no_single_left")


class UnknownFilm(NotFound):
    """There is no such film."""


class UnknownScreening(NotFound):
    """There is no such screening."""


class ScreeningOver(NotFound):
    """This screening is over; its seats are no longer shown."""


class ScreeningCancelled(NotFound):
    """This screening was cancelled. Whoever had paid gets everything back."""


class SeatsUnknown(Busy):
    """The seats of this screening are being counted. Please try again in a second."""


class NotEnoughSeats(Conflict):
    """There are not that many seats left for you; `free` says how many could be had."""


def GoesWith() -> fields.String:  # noqa: N802 - reads as the field it makes
    """The other half of a couple seat."""
    return SeatId(metadata={"description": "the other half of a couple seat: both are sold and given back, or neither"})


@dataclass(frozen=True)
class Dumped:
    """Plain JSON values that went through their schema before."""

    plain: Any


class NestedOrDumped(fields.Nested):
    """A nested schema that passes `Dumped` on: dumping hundreds of seats anew costs more than the rest of a call."""

    def _serialize(self, nested_obj: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        if isinstance(nested_obj, Dumped):
            return nested_obj.plain
        return super()._serialize(nested_obj, attr, obj, **kwargs)  # type: ignore[no-untyped-call]


class Film(Schema):
    film_id = Id(required=True)
    title = fields.String(required=True)
    original_title = fields.String(required=True)
    year = Whole(required=True)
    running_minutes = Whole(required=True)
    director = fields.String(required=True)
    cast = fields.List(fields.String(), required=True)
    genres = fields.List(fields.String(), required=True)
    rating = fields.String(required=True, metadata={"description": "age rating, such as PG-13"})


class Cinema(Schema):
    cinema_id = Id(required=True)
    name = fields.String(required=True)
    city = fields.String(required=True)
    timezone = fields.String(required=True, metadata={"description": "IANA name"})


class Hall(Schema):
    hall_id = Id(required=True)
    name = fields.String(required=True)
    capacity = Whole(required=True)


class FilmBrief(Schema):
    film_id = Id(required=True)
    title = fields.String(required=True)
    original_title = fields.String(required=True)
    running_minutes = Whole(required=True)
    rating = fields.String(required=True)


class Screening(Schema):
    screening_id = Id(required=True)
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    local_date = fields.Date(required=True, metadata={"description": "the day it belongs to, in the cinema's own zone"})
    film = fields.Nested(FilmBrief, required=True)
    cinema = fields.Nested(Cinema, required=True)
    hall = fields.Nested(Hall, required=True)
    price_from = Money(required=True)
    currency = Currency(required=True)
    seats_left = Whole(required=True, allow_none=True,
                      metadata={"description": "null while they are being counted, and when the screening is over"})


class FilmsReply(PageReply):
    films = fields.List(fields.Nested(Film), required=True)


class ScreeningsRequest(PageRequest):
    title = Text(200)
    cinema = Text(200)
    city = Text(200)
    date = fields.Date(metadata={"description": "the cinema's local day"})
    starts_from = Moment(metadata={"description": "without it and a date, only screenings still to begin"})
    starts_to = Moment()


class ScreeningsReply(PageReply):
    screenings = fields.List(fields.Nested(Screening), required=True)


class FilmRequest(Schema):
    film_id = Id(required=True)


class CinemaScreenings(Schema):
    cinema = fields.Nested(Cinema, required=True)
    screenings = fields.List(fields.Nested(Screening), required=True)


class FilmReply(Schema):
    film = fields.Nested(Film, required=True)
    cinemas = fields.List(fields.Nested(CinemaScreenings), required=True)


class ScreeningRequest(Schema):
    screening_id = Id(required=True)


class ChartSeat(Schema):
    """A place to draw a seat at; rows are bent already."""

    seat_id = SeatId(required=True)
    row = fields.String(required=True)
    number = Whole(required=True)
    x = fields.Float(required=True, metadata={"description": "centre, in seat widths from the left wall"})
    y = fields.Float(required=True, metadata={"description": "centre, in seat depths from the screen"})
    kind = fields.String(required=True, validate=validate.OneOf(SEAT_KINDS))
    price = Money(required=True)
    goes_with = GoesWith()


class Aisle(Schema):
    """A rectangle from its corner nearest the left wall and the screen, before it is bent like the rows."""

    x = fields.Float(required=True)
    y = fields.Float(required=True)
    width = fields.Float(required=True)
    depth = fields.Float(required=True)


class ScreenPlace(Schema):
    x = fields.Float(required=True)
    y = fields.Float(required=True)
    width = fields.Float(required=True)


class Chart(Schema):
    width = fields.Float(required=True)
    depth = fields.Float(required=True)
    curve = fields.Float(required=True, metadata={
        "description": "seat depths by which the middle of a row is farther from the screen than its ends"})
    screen = fields.Nested(ScreenPlace, required=True)
    rows = fields.List(fields.String(), required=True)
    aisles = fields.List(fields.Nested(Aisle), required=True)
    seats = fields.List(fields.Nested(ChartSeat), required=True)


class SeatState(Schema):
    seat_id = SeatId(required=True)
    state = fields.String(required=True, validate=validate.OneOf(SEAT_STATES))


class HallReply(Schema):
    screening = fields.Nested(Screening, required=True)
    hall = fields.Nested(Hall, required=True)
    chart = NestedOrDumped(Chart, required=True)
    version = Whole(required=True, metadata={"description": "rises with every change of a seat"})
    seats = NestedOrDumped(SeatState, many=True, required=True)


class SuggestRequest(ScreeningRequest):
    count = Whole(required=True, validate=validate.Range(min=1, max=20))
    wheelchair = fields.Boolean(load_default=False, metadata={
        "description": "one of the seats is a wheelchair place, and companion places may be among the others"})


class SuggestReply(Schema):
    screening_id = Id(required=True)
    version = Whole(required=True, metadata={"description": "of the map that this was chosen on"})
    seats = fields.List(SeatId(), required=True)
    reasons = fields.List(fields.String(validate=validate.OneOf(SEAT_REASONS)), required=True, metadata={
        "description": "what is good about them; `split`: no row has as many together"})


class SeatPrice(Schema):
    seat_id = SeatId(required=True)
    kind = fields.String(required=True)
    price = Money(required=True)
    goes_with = GoesWith()


class ScreeningTermsReply(Schema):
    """What never changes about a screening, and an order must know."""

    screening_id = Id(required=True)
    film_title = fields.String(required=True)
    cinema_id = Id(required=True)
    cinema_name = fields.String(required=True)
    hall_name = fields.String(required=True)
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    currency = Currency(required=True)
    seats = fields.List(fields.Nested(SeatPrice), required=True)


GET_ALL_LIST = Method("film", "get_all_list", PageRequest, FilmsReply, "public",
                      "The films now showing.", reads=True, fresh_for=5)
GET_INFO_LIST = Method("film", "get_info_list", ScreeningsRequest, ScreeningsReply, "public",
                       "Screenings by title, cinema, city and time, the next one first.", reads=True, fresh_for=1)
GET_INFO = Method("film", "get_info", FilmRequest, FilmReply, "public",
                  "A film and its screenings, by cinema.", refusals=(UnknownFilm,), reads=True, fresh_for=1)
GET_HALL_INFO = Method("film", "get_hall_info", ScreeningRequest, HallReply, "public",
                       "A screening's seat chart, prices, and which seats are free.",
                       refusals=(UnknownScreening, ScreeningOver, ScreeningCancelled, SeatsUnknown), reads=True,
                       fresh_for=1,
                       screening_field="screening_id")
SUGGEST_SEATS = Method("film", "suggest_seats", SuggestRequest, SuggestReply, "public",
                       "The best free seats for a group, chosen by us; they are not held.",
                       refusals=(UnknownScreening, ScreeningOver, ScreeningCancelled, SeatsUnknown, NotEnoughSeats),
                       reads=True)
GET_SCREENING_TERMS = Method("film", "get_screening_terms", ScreeningRequest, ScreeningTermsReply, "internal",
                             "Start, seats and prices of a screening.", refusals=(UnknownScreening,), reads=True)

BOARDS_COLD = Announcement("film", "boards_cold", about="the screenings whose seats nobody has counted yet")
PROGRAMME_CHANGED = Announcement("film", "programme_changed",
                                 about="nothing of its own: names or titles have changed, of whatever is on")
