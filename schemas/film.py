"""The contract of the film room: cinemas, halls, seat maps, films, screenings, prices."""

from marshmallow import fields, validate

from schemas.base import Announcement, Method, PageReply, PageRequest, Schema
from schemas.errors import Busy, Conflict, NotFound
from schemas.fields import Currency, Day, Id, Moment, Money, SeatId, Text, Whole
from schemas.operation_log import operated
from schemas.programme import CinemaDetails, Film, FilmDetails, Hall, Screening, ScreeningDetails
from schemas.seat_maps import SEAT_KINDS as SEAT_KINDS
from schemas.seat_maps import SEAT_STATES as SEAT_STATES
from schemas.seat_maps import Chart as Chart
from schemas.seat_maps import Dumped as Dumped
from schemas.seat_maps import GoesWith as GoesWith
from schemas.seat_maps import NestedOrDumped
from schemas.seat_maps import SeatState as SeatState

SEAT_REASONS = ("adjacent", "split", "wheelchair", "cheapest", "aisle", "only_couple_seats_left", "centre",
                "two_thirds_back", "no_single_left")
SEAT_PREFERENCES = ("view", "price", "aisle")


class UnknownFilm(NotFound):
    """There is no such film."""


class UnknownScreening(NotFound):
    """There is no such screening."""


class ScreeningOver(NotFound):
    """This screening is over; its seats are no longer shown."""


class ScreeningCancelled(NotFound):
    """This screening was cancelled. Every buyer who had paid gets everything back."""


class SeatsUnknown(Busy):
    """The seats of this screening are being counted. Please try again in a second."""


class NotEnoughSeats(Conflict):
    """There are not that many seats left for you; `free` says how many could be had."""


def Search() -> fields.String:  # noqa: N802 - reads as the field it makes
    """A field for what a moviegoer remembers of a film."""
    return Text(200, metadata={"description": "titles, director or cast, in part, transliterated, or a letter off"})


class FilmsRequest(PageRequest):
    """Which of the films now showing are wanted; without a `search`, all of them."""

    search = Search()


class FilmsReply(PageReply):
    """One page of the films now showing."""

    films = fields.List(fields.Nested(Film), required=True)


class ScreeningsRequest(PageRequest):
    """Filters that all must hold; names match in part, whatever their case and accents."""

    search = Search()
    title = Text(200)
    cinema = Text(200)
    city = Text(200)
    date = Day(metadata={"description": "the cinema's local day"})
    starts_from = Moment(metadata={"description": "without it and a date, only screenings still to begin"})
    starts_to = Moment()


class ScreeningsReply(PageReply):
    """One page of screenings, the next one first."""

    screenings = fields.List(fields.Nested(Screening), required=True)


class FilmRequest(Schema):
    """The film to describe."""

    film_id = Id(required=True)


class CinemaScreenings(Schema):
    """A cinema and the screenings of one film there."""

    cinema = fields.Nested(CinemaDetails, required=True)
    screenings = fields.List(fields.Nested(Screening), required=True)


class FilmReply(Schema):
    """A film with the cinemas that show it."""

    film = fields.Nested(FilmDetails, required=True)
    cinemas = fields.List(fields.Nested(CinemaScreenings), required=True)


class ScreeningRequest(Schema):
    """The screening that is asked about."""

    screening_id = Id(required=True)


class ScreeningReply(Schema):
    """The screening that was asked about, over or cancelled as it may be."""

    screening = fields.Nested(ScreeningDetails, required=True)


class HallReply(Schema):
    """Everything that a seat map needs. `seats` names the seats that are not free."""

    screening = fields.Nested(ScreeningDetails, required=True)
    hall = fields.Nested(Hall, required=True)
    chart = NestedOrDumped(Chart, required=True)
    version = Whole(required=True, metadata={"description": "rises with every change of a seat"})
    sales_open = fields.Boolean(required=True, metadata={"description": "false once the screening has begun"})
    seats = NestedOrDumped(SeatState, many=True, required=True)


class SuggestRequest(ScreeningRequest):
    """How many seats a group needs, and whether one of them is for a wheelchair."""

    count = Whole(required=True, validate=validate.Range(min=1, max=20))
    wheelchair = fields.Boolean(load_default=False, metadata={
        "description": "one of the seats is a wheelchair place, and companion places may be among the others"})
    prefer = fields.String(load_default="view", validate=validate.OneOf(SEAT_PREFERENCES), metadata={
        "description": "the best view; the lowest price; or a seat on the aisle; of seats together, if there are any"})
    couple_seats = fields.Boolean(load_default=False, metadata={
        "description": "couple seats, if any are free; otherwise they come only where not enough other seats are left"})


class SuggestReply(Schema):
    """The suggested seats and the reasons for them; nothing is held."""

    screening_id = Id(required=True)
    version = Whole(required=True, metadata={"description": "of the map that this was chosen on"})
    seats = fields.List(SeatId(), required=True)
    reasons = fields.List(fields.String(validate=validate.OneOf(SEAT_REASONS)), required=True, metadata={
        "description": "what is good about them; `split`: no row has as many together; `only_couple_seats_left`: "
                       "there are not enough other seats"})
    total = Money(required=True, metadata={"description": "what they cost together, in minor units"})
    currency = Currency(required=True)
    kinds = fields.List(fields.String(validate=validate.OneOf(SEAT_KINDS)), required=True, metadata={
        "description": "of each of the seats, in the same sequence"})


class SeatPrice(Schema):
    """The price of a seat in this screening, in minor units."""

    seat_id = SeatId(required=True)
    kind = fields.String(required=True)
    price = Money(required=True)
    goes_with = GoesWith()


class ScreeningTermsReply(Schema):
    """The facts about a screening that an order copies; start, seats and prices never change."""

    screening_id = Id(required=True)
    film_title = fields.String(required=True)
    cinema_id = Id(required=True)
    cinema_name = fields.String(required=True)
    hall_name = fields.String(required=True)
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    time_zone = fields.String(required=True, metadata={"description": "of the cinema, an IANA name"})
    cinema_address = fields.String(load_default=None, allow_none=True)
    cinema_directions = fields.String(load_default=None, allow_none=True)
    age_rating = fields.String(load_default=None, allow_none=True, metadata={
        "description": "of the film in the country of the cinema"})
    currency = Currency(required=True)
    seats = fields.List(fields.Nested(SeatPrice), required=True)


GET_ALL_LIST = Method("film", "get_all_list", FilmsRequest, FilmsReply, "public",
                      "The films now showing, all of them or those that a search finds.", reads=True, fresh_for=5)
GET_INFO_LIST = Method("film", "get_info_list", ScreeningsRequest, ScreeningsReply, "public",
                       "Screenings by film, cinema, city and time, the next one first.", reads=True, fresh_for=1)
GET_INFO = Method("film", "get_info", FilmRequest, FilmReply, "public",
                  "A film and its screenings, by cinema.", refusals=(UnknownFilm,), reads=True, fresh_for=1)
GET_SCREENING = Method("film", "get_screening", ScreeningRequest, ScreeningReply, "public",
                       "A screening, and how to get there.", refusals=(UnknownScreening,), reads=True, fresh_for=5)
GET_HALL_INFO = Method("film", "get_hall_info", ScreeningRequest, HallReply, "public",
                       "A screening's seat chart, prices, and which seats are free.",
                       refusals=(UnknownScreening, ScreeningOver, ScreeningCancelled, SeatsUnknown), reads=True,
                       fresh_for=1,
                       screening_field="screening_id")
SUGGEST_SEATS = Method("film", "suggest_seats", SuggestRequest, SuggestReply, "public",
                       "The best free seats for a group; they are not held.",
                       refusals=(UnknownScreening, ScreeningOver, ScreeningCancelled, SeatsUnknown, NotEnoughSeats),
                       reads=True, fresh_for=1, screening_field="screening_id")
GET_SCREENING_TERMS = Method("film", "get_screening_terms", ScreeningRequest, ScreeningTermsReply, "internal",
                             "Start, seats and prices of a screening.", refusals=(UnknownScreening,), reads=True)

OPERATED = operated("film")

BOARDS_COLD = Announcement("film", "boards_cold", about="the screenings that have no seat board yet")
PROGRAMME_CHANGED = Announcement("film", "programme_changed",
                                 about="empty: names or titles have changed, of any screening")
