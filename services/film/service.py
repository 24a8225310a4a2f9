"""The film room: films, screenings, their prices, and which seats are free."""

from dataclasses import replace
from itertools import groupby
from typing import Any

from schemas import film as contract
from schemas import order
from services.film import models, seat_availability, seat_maps, store
from services.film.records import ScreeningView
from services.film.search.film_search import FilmSearch
from services.film.settings import FilmSection
from services.foundation.amqp.announcements import Announcer
from services.foundation.amqp.presence import Presence
from services.foundation.database import Database, utc_now
from services.foundation.events.consumers import Delivery, on_event
from services.foundation.events.relay import Relay
from services.foundation.rpc.calls import PrincipalProvider, call
from services.foundation.settings import RoomSettings
from services.seating.best_seats import suggest
from services.seating.board import BoardProvider
from services.seating.board_state import BoardSnapshot
from services.seating.chart import lay_out
from services.seating.seat_preferences import SeatPreferences

Fields = dict[str, Any]


class Film:
    """Shows screenings, which come from programme files (programme_import.py), and cancels them."""

    name = "film"

    principal = PrincipalProvider()
    database = Database(models.Base)
    relay = Relay(models.OUTBOX)
    board = BoardProvider()
    announcer = Announcer()
    film_search = FilmSearch()
    settings = RoomSettings(FilmSection)  # checked when the room starts; programme imports use them
    presence = Presence()

    @call(contract.GET_ALL_LIST)
    def get_all_list(self, request: Fields) -> Fields:
        """The films with a screening still to begin, a page at a time: by title, or by how well they match a search."""
        page, page_size, found = request["page"], request["page_size"], self._search(request)
        return self.database.read(lambda tx: store.films_showing(tx, utc_now(), page, page_size, found))

    @call(contract.GET_INFO_LIST)
    def get_info_list(self, request: Fields) -> Fields:
        """Screenings that match every field given, by start; an empty list if there are none.

        Title, cinema and city match any part of a name, in either case. Without a date or a start,
        only screenings still to begin.
        """
        film_ids = self._search(request)
        found = self.database.read(lambda tx: store.screenings_found(tx, utc_now(), request, film_ids))
        return {**found, "screenings": self._with_seats_left(found["screenings"])}

    @call(contract.GET_INFO)
    def get_info(self, request: Fields) -> Fields:
        """A film and its screenings still to begin, cinema by cinema. Raises UnknownFilm."""
        film_id, now = request["film_id"], utc_now()
        film, screenings = self.database.read(
            lambda tx: (store.film(tx, film_id), store.screenings_of_film(tx, film_id, now))
        )
        if film is None:
            raise contract.UnknownFilm(film_id=film_id)
        by_cinema = groupby(self._with_seats_left(screenings), key=lambda screening: screening.cinema)
        return {"film": film, "cinemas": [{"cinema": cinema, "screenings": list(its)} for cinema, its in by_cinema]}

    @call(contract.GET_SCREENING)
    def get_screening(self, request: Fields) -> Fields:
        """A screening, over or cancelled as it may be, and how to get there. Raises UnknownScreening."""
        [screening] = self._with_seats_left([self._screening(request["screening_id"])])
        return {"screening": screening}

    @call(contract.GET_HALL_INFO)
    def get_hall_info(self, request: Fields) -> Fields:
        """The seat chart of a screening with prices in minor units, and each seat's state.

        Raises UnknownScreening, ScreeningOver, ScreeningCancelled, and SeatsUnknown while no seat board is known.
        """
        screening, snapshot = self._screening_and_seats(request["screening_id"])
        drawing, taken = screening.drawing, snapshot.taken
        return {
            "screening": replace(screening, seats_left=seat_availability.count_left(lay_out(drawing), taken)),
            "hall": screening.hall,
            "chart": seat_maps.chart(drawing, screening.prices),
            "version": snapshot.version,
            "sales_open": screening.starts_at > utc_now(),
            "seats": seat_maps.states(drawing, taken),
        }

    @call(contract.SUGGEST_SEATS)
    def suggest_seats(self, request: Fields) -> Fields:
        """The best `count` free seats of a screening and the reasons for them; no seat is held.

        Raises NotEnoughSeats if there are not that many, and what get_hall_info raises.
        """
        screening, snapshot = self._screening_and_seats(request["screening_id"])
        chart = lay_out(screening.drawing)
        best = suggest(chart, snapshot.taken, request["count"], request["wheelchair"],
                       SeatPreferences(request["prefer"], request["couple_seats"], screening.prices))
        kinds = chart.kinds_of(best.seats)
        return {"screening_id": screening.screening_id, "version": snapshot.version,
                "seats": best.seats, "kinds": kinds, "reasons": best.reasons,
                "total": sum(screening.prices[kind] for kind in kinds), "currency": screening.currency}

    @call(contract.GET_SCREENING_TERMS)
    def get_screening_terms(self, request: Fields) -> Fields:
        """A screening's place and time, and the price of each seat. Raises UnknownScreening."""
        screening = self._screening(request["screening_id"])
        return {
            "screening_id": screening.screening_id, "film_title": screening.film.title,
            "cinema_id": screening.cinema.cinema_id, "cinema_name": screening.cinema.name,
            "hall_name": screening.hall.name, "starts_at": screening.starts_at, "ends_at": screening.ends_at,
            "time_zone": screening.cinema.timezone, "currency": screening.currency,
            "age_rating": screening.age_rating, "cinema_address": screening.cinema.address,
            "cinema_directions": screening.cinema.directions,
            "seats": seat_maps.price_list(screening.drawing, screening.prices),
        }

    @on_event(order.SCREENING_CANCELLED)
    def follow_cancellation(self, delivery: Delivery) -> None:
        """Take a screening that the order room has cancelled off the programme."""
        body = delivery.body
        self.database.run_repeatable(lambda tx: store.cancel(tx, body["screening_id"], body["cancelled_at"]))

    def _search(self, request: Fields) -> list[str] | None:
        """The ids of the films that are searched for, the best match first; None: all films are wanted."""
        return self.film_search.find(self.database, request["search"]) if "search" in request else None

    def _screening_and_seats(self, screening_id: str) -> tuple[ScreeningView, BoardSnapshot]:
        screening = self._screening(screening_id)
        if screening.cancelled_at:
            raise contract.ScreeningCancelled(screening_id=screening_id)
        if screening.ends_at <= utc_now():
            raise contract.ScreeningOver(screening_id=screening_id)
        return screening, seat_availability.snapshot(self.board, self.announcer, screening_id)

    def _screening(self, screening_id: str) -> ScreeningView:
        screening = self.database.read(lambda tx: store.screening(tx, screening_id))
        if screening is None:
            raise contract.UnknownScreening(screening_id=screening_id)
        return screening

    def _with_seats_left(self, screenings: list[ScreeningView]) -> list[ScreeningView]:
        """Count the free seats of those that are not over."""
        now = utc_now()
        charts = {each.screening_id: lay_out(each.drawing) for each in screenings if each.ends_at > now}
        left = seat_availability.seats_left(self.board, self.announcer, charts)
        return [replace(each, seats_left=left.get(each.screening_id)) for each in screenings]
