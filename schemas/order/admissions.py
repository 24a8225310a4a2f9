"""The door: guests are admitted by their tickets' codes, one guest a ticket, also where the network does not reach."""

from marshmallow import fields, validate

from schemas.base import Method, Schema
from schemas.fields import Id, Moment, SeatId, Secret, Text, Whole
from schemas.order.orders import OrderScreening
from schemas.order.refusals import NotAdmitted, UnknownTicket
from schemas.order.tickets import TicketKey

ADMISSION_RESULTS = ("admitted", "already_admitted", "wrong_screening", "too_early", "refunded", "cancelled", "forged",
                     "unknown_key")
VOID_REASONS = ("refunded", "cancelled")


def Code() -> fields.String:  # noqa: N802 - reads as the field it makes
    """A field for what a scanner has read, which may be anything; a good one lets its holder in."""
    return Secret(255, required=True, metadata={"description": "of a ticket, as scanned"})


class AdmitRequest(Schema):
    """A scanned code, and the screening that this door leads to."""

    code = Code()
    screening_id = Id(metadata={"description": "that this door leads to; without it, any screening will do"})
    nonce = Id(required=True, metadata={
        "description": "chosen for this scan: however often it is sent, the answer is the first one"})
    scanned_at = Moment(metadata={"description": "of a scan that is sent later; without it, now"})
    door = Text(40, metadata={"description": "what staff call this door; without it, the caller's username"})


class Admission(Schema):
    """When a guest was admitted, and at which door."""

    admitted_at = Moment(required=True)
    door = fields.String(required=True)


class ScannedTicket(Schema):
    """The ticket of a code. All is null of a code that is not one of ours."""

    ticket = Id(required=True, allow_none=True)
    seat = SeatId(required=True, allow_none=True)
    film = fields.String(required=True, allow_none=True, metadata={"description": "its title"})
    starts_at = Moment(required=True, allow_none=True)


class AdmitReply(ScannedTicket):
    """Whether the guest may go in, and if not, why."""

    result = fields.String(required=True, validate=validate.OneOf(ADMISSION_RESULTS), metadata={
        "description": "wrong_screening: another one than this door's, one that is over, or one of another cinema than "
                       "the caller's; unknown_key: signed by a key that this cinema does not have"})
    note = fields.String(required=True, allow_none=True, metadata={
        "description": "what else staff should know, in English: the way to another screening, an age rating"})
    admission = fields.Nested(Admission, required=True, allow_none=True, metadata={
        "description": "this one, or the earlier one of a ticket that is used"})
    screening = fields.Nested(OrderScreening, required=True, allow_none=True, metadata={"description": "of the ticket"})
    doors_open_at = Moment(required=True, allow_none=True)
    age_rating = fields.String(required=True, allow_none=True, metadata={
        "description": "of the film in the country of the cinema; null where it is not known"})
    directions = fields.String(required=True, allow_none=True, metadata={
        "description": "how to get to the cinema of the ticket, where that is known"})


class UndoAdmissionRequest(Schema):
    """An admission to take back: that of one scan, or whichever there is."""

    code = Code()
    nonce = Id(metadata={"description": "of the scan; another door's admission stays then"})


class AttendanceRequest(Schema):
    """One screening, or those of a cinema, or of all that the caller works at."""

    screening_id = Id()
    cinema_id = Id()


class Attendance(Schema):
    """How many guests of a screening are in, of how many."""

    screening_id = Id(required=True)
    film = fields.String(required=True)
    cinema_id = Id(required=True, allow_none=True)
    cinema_name = fields.String(required=True)
    hall_name = fields.String(required=True)
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    doors_open_at = Moment(required=True)
    admitted = Whole(required=True, metadata={"description": "guests who are in"})
    expected = Whole(required=True, metadata={"description": "valid tickets, used ones among them"})


class AttendanceReply(Schema):
    """The screenings that are not over and begin within a day, the first to begin at the head."""

    screenings = fields.List(fields.Nested(Attendance), required=True)
    server_time = Moment(required=True)


class DoorListRequest(Schema):
    """A cinema, or all that the caller works at."""

    cinema_id = Id()


class VoidTicket(Schema):
    """A ticket that admits nobody any more."""

    ticket = Id(required=True)
    reason = fields.String(required=True, validate=validate.OneOf(VOID_REASONS))


class UsedTicket(Admission):
    """A ticket whose guest is in."""

    ticket = Id(required=True)


class ListedScreening(Attendance):
    """A screening, and whether it is cancelled."""

    cancelled = fields.Boolean(required=True)
    age_rating = fields.String(required=True, allow_none=True)


class DoorList(Schema):
    """What a door has to know to admit guests without a network, with the keys that verify their tickets."""

    made_at = Moment(required=True)
    screenings = fields.List(fields.Nested(ListedScreening), required=True, metadata={
        "description": "those with tickets that are not over and begin within a day"})
    void = fields.List(fields.Nested(VoidTicket), required=True)
    used = fields.List(fields.Nested(UsedTicket), required=True)
    keys = fields.List(fields.Nested(TicketKey), required=True)


class DoorListReply(DoorList):
    """A door list, signed: Ed25519 over `D1.` and the other fields as canonical JSON (RFC 8785)."""

    key_id = fields.String(required=True)
    signature = fields.String(required=True, metadata={"description": "64 bytes in base64url, without padding"})


ADMIT = Method("order", "admit", AdmitRequest, AdmitReply, "usher",
               "Admit the guest with this ticket, once. Whatever else is the matter with the ticket is a result, too.",
               deadline=8, uses_reserve=True)
UNDO_ADMISSION = Method("order", "undo_admission", UndoAdmissionRequest, ScannedTicket, "usher",
                        "Take an admission back: the ticket is unused again.",
                        refusals=(UnknownTicket, NotAdmitted), keyed=True, uses_reserve=True)
GET_ATTENDANCE = Method("order", "get_attendance", AttendanceRequest, AttendanceReply, "usher",
                        "How many guests are in and how many are expected, by screening.", reads=True)
GET_DOOR_LIST = Method("order", "get_door_list", DoorListRequest, DoorListReply, "usher",
                       "Today's void and used tickets, signed, and the public keys, to admit guests without a network.",
                       reads=True, deadline=10)
