"""The contract of the kitchen room: the menu, the stock, and the snacks prepared for each order."""

from marshmallow import fields, validate

from schemas.base import Event, Method, Nothing, Schema
from schemas.errors import Conflict, Invalid, NotFound, RequestInProgress
from schemas.fields import Currency, Cursor, Id, Moment, Money, Secret, Whole
from schemas.operation_log import operated

CATEGORIES = ("popcorn", "snack", "sweet", "drink", "set")
# reserved: with an unpaid order; released: given back unpaid; given_up: refunded before the kitchen began;
# when the screening is over: uncollected, if the kitchen had begun, else expired.
KITCHEN_STATES = ("reserved", "released", "new", "preparing", "ready", "collected", "given_up", "uncollected",
                  "expired")
STEPS = ("preparing", "ready", "collected")  # the statuses that a cook's steps lead to
QUEUE_AT_MOST = 200
MOST_STOCK = 1_000_000


class SnacksSoldOut(Conflict):
    """There are not that many of these snacks left; `skus` names them. Nothing of your order was taken."""


class SnacksUnknown(Invalid):
    """This cinema has no such snacks; `skus` names them."""


class UnknownKitchenOrder(NotFound):
    """The kitchen knows no such order."""


class KitchenStepTaken(Conflict):
    """This order is at another step by now; `step` says which."""


class TooEarlyToBegin(Conflict):
    """It is too early to begin with these snacks; `begins_at` says from when on."""


class UndoOver(Conflict):
    """This step can't be taken back any more."""


class WrongPickUpCode(Conflict):
    """This is not the pick-up code of that order."""


def Sku(**options: object) -> fields.String:  # noqa: N802 - reads as the field it makes
    """A field for a snack's name within its cinema, such as popcorn-large."""
    error = "Up to 40 of a-z, 0-9 and dashes."
    return fields.String(validate=validate.Regexp(r"^[a-z0-9][a-z0-9-]{0,39}\Z", error=error), **options)  # type: ignore[arg-type]


class WantedSnack(Schema):
    """A snack of the cinema's menu and how many of it are wanted."""

    sku = Sku(required=True)
    quantity = Whole(required=True, validate=validate.Range(min=1, max=100))


class Snack(Schema):
    """A snack of an order, with the name and price at which it was sold."""

    sku = Sku(required=True)
    name = fields.String(required=True)
    name_zh = fields.String(required=True, allow_none=True, metadata={"description": "its Chinese name, if it has one"})
    quantity = Whole(required=True)
    price = Money(required=True, metadata={"description": "of one, in minor units"})


class MenuRequest(Schema):
    """The cinema whose menu is wanted."""

    cinema_id = Id(required=True)


class MenuSnack(Schema):
    """A snack that a cinema sells, with its price for one in minor units of `currency`."""

    sku = Sku(required=True)
    name = fields.String(required=True)
    name_zh = fields.String(required=True, allow_none=True)
    category = fields.String(required=True, validate=validate.OneOf(CATEGORIES))
    price = Money(required=True)
    currency = Currency(required=True)
    left = Whole(required=True, metadata={"description": "how many can be bought; 0: sold out"})


class MenuReply(Schema):
    """What a cinema sells; empty when it has no kitchen."""

    cinema_id = Id(required=True)
    snacks = fields.List(fields.Nested(MenuSnack), required=True)


class ReserveRequest(Schema):
    """Snacks to set aside for an order that is about to be written."""

    order_id = Id(required=True)
    cinema_id = Id(required=True)
    currency = Currency(required=True)
    snacks = fields.List(fields.Nested(WantedSnack), required=True, validate=validate.Length(min=1, max=100))
    purchase = Id(required=True, metadata={"description": "the same for every copy of one request"})
    until = Moment(required=True, metadata={"description": "released then, unless order.created was heard"})


class ReserveReply(Schema):
    """The reserved snacks with the names and prices at which they are sold."""

    order_id = Id(required=True)
    snacks = fields.List(fields.Nested(Snack), required=True)


class OrderRequest(Schema):
    """The order whose snacks this is about."""

    order_id = Id(required=True)


class LostTicket(Schema):
    """What the order room knows of an order's ticket in the kitchen."""

    cinema_id = Id(required=True)
    version = Whole(required=True, metadata={"description": "the newest change that it has heard of; 0: none"})


class GiveUpRequest(OrderRequest):
    """An order that is being refunded, whose snacks are not wanted any more."""

    lost = fields.Nested(LostTicket, metadata={"description": "the kitchen has had time to hear of the order: if it "
                         "does not know it, it gives it up all the same, and does not take it up later"})


class GiveUpReply(Schema):
    """Whether the kitchen could still give the snacks up."""

    in_time = fields.Boolean(required=True, metadata={"description": "nothing was begun; the snacks are on sale again"})


class QueueRequest(Schema):
    """Which of the kitchen's orders are wanted, a page at a time; of the caller's cinemas if none is named."""

    cinema_id = Id()
    status = fields.String(
        validate=validate.OneOf(("new", "preparing", "ready", "collected", "uncollected", "expired")), metadata={
            "description": "without it, all that waits; never what was needed more than 12 hours ago"})
    cursor = Cursor(metadata={"description": "`next_cursor` of the page before; the same filters belong to it"})
    limit = Whole(load_default=QUEUE_AT_MOST, validate=validate.Range(min=1, max=QUEUE_AT_MOST))


class QueuedSnack(Snack):
    """A snack to prepare, and how many of it the stock does not cover."""

    missing = Whole(required=True, metadata={"description": "of the quantity, not covered by the stock"})


class KitchenTicket(Schema):
    """What the kitchen prepares for one order, and when it must be ready (`needed_at`)."""

    order_id = Id(required=True)
    cinema_id = Id(required=True)
    cinema_name = fields.String(required=True)
    hall_name = fields.String(required=True)
    film_title = fields.String(required=True)
    starts_at = Moment(required=True)
    needed_at = Moment(required=True)
    begins_at = Moment(required=True, metadata={"description": "kitchen.start is refused before this moment"})
    status = fields.String(required=True, validate=validate.OneOf(KITCHEN_STATES))
    pick_up_code = fields.String(required=True)
    short = fields.Boolean(required=True, metadata={"description": "some of it was sold out meanwhile: see `missing`"})
    snacks = fields.List(fields.Nested(QueuedSnack), required=True)


class QueueReply(Schema):
    """One page of the kitchen's queue, with the kitchen's own time to compare with."""

    tickets = fields.List(fields.Nested(KitchenTicket), required=True, metadata={
        "description": "what is needed first at the head"})
    next_cursor = fields.String(required=True, allow_none=True, metadata={"description": "null at the end"})
    server_time = Moment(required=True)


class HandOverRequest(OrderRequest):
    """The order to hand over, by its id or by the code that the guest says."""

    pick_up_code = Secret(8, metadata={
        "description": "as the guest says it, and then it must be right; left out when staff has seen the order"})


class UndoRequest(OrderRequest):
    """The order whose last step is to be taken back, and the status that this step has led to."""

    status = fields.String(required=True, validate=validate.OneOf(STEPS))


class RestockRequest(Schema):
    """How many of a snack a cinema can sell from now on."""

    cinema_id = Id(required=True)
    sku = Sku(required=True)
    stock = Whole(required=True, validate=validate.Range(min=0, max=MOST_STOCK), metadata={
        "description": "how many are for sale from now on, beside those reserved"})


STAFF_REFUSALS = (UnknownKitchenOrder, KitchenStepTaken)

GET_MENU = Method("kitchen", "get_menu", MenuRequest, MenuReply, "public",
                  "The snacks of a cinema, with prices and how many are left.", reads=True)
GET_QUEUE = Method("kitchen", "get_queue", QueueRequest, QueueReply, "cook",
                   "The snacks to prepare, the earliest needed first.", reads=True)
START = Method("kitchen", "start", OrderRequest, KitchenTicket, "cook",
               "Begin to prepare an order's snacks; one of two cooks gets it.",
               refusals=(*STAFF_REFUSALS, TooEarlyToBegin), keyed=True, uses_reserve=True)
FINISH = Method("kitchen", "finish", OrderRequest, KitchenTicket, "cook",
                "The snacks of an order are ready.", refusals=STAFF_REFUSALS, keyed=True, uses_reserve=True)
HAND_OVER = Method("kitchen", "hand_over", HandOverRequest, KitchenTicket, "cook",
                   "Hand the snacks to their guest, by the pick-up code or by the order that the guest shows.",
                   refusals=(*STAFF_REFUSALS, WrongPickUpCode), keyed=True, uses_reserve=True)
UNDO = Method("kitchen", "undo", UndoRequest, KitchenTicket, "cook",
              "Take back the last step of an order, within seconds.", refusals=(*STAFF_REFUSALS, UndoOver), keyed=True,
              uses_reserve=True)
RESTOCK = Method("kitchen", "restock", RestockRequest, MenuSnack, "manager",
                 "Say how many of a snack there are for sale.", refusals=(SnacksUnknown,), keyed=True)

RESERVE = Method("kitchen", "reserve", ReserveRequest, ReserveReply, "internal",
                 "Set snacks aside for an order about to be written: all or none, once per order.",
                 refusals=(SnacksSoldOut, SnacksUnknown, KitchenStepTaken, RequestInProgress), deadline=3)
RELEASE = Method("kitchen", "release", OrderRequest, Nothing, "internal",
                 "Put back what was reserved for an order that was not written after all.", deadline=2)
GIVE_UP = Method("kitchen", "give_up", GiveUpRequest, GiveUpReply, "internal",
                 "The order is being refunded: prepare nothing for it, unless that has begun.",
                 refusals=(UnknownKitchenOrder,))


class KitchenStep(Schema):
    """The body of the event `kitchen.step`: how far the snacks of an order are."""

    order_id = Id(required=True)
    status = fields.String(required=True, validate=validate.OneOf(KITCHEN_STATES))
    pick_up_code = fields.String(required=True, allow_none=True, metadata={"description": "null until it is paid"})
    needed_at = Moment(required=True, allow_none=True)


STEP = Event("kitchen", "kitchen.step", 1, KitchenStep, "The snacks of an order have come a step further.")
OPERATED = operated("kitchen")
