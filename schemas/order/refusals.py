"""The refusals of the order room."""

from schemas.errors import Conflict, Forbidden, Invalid, NotFound, TooOften


class SeatsTaken(Conflict):
    """Someone else has taken these seats; `seats` names them. Nothing was held for you."""


class SeatsUnknownInHall(Invalid):
    """This hall has no such seats; `seats` names them."""


class CoupleSeatParted(Invalid):
    """A couple seat is sold and refunded whole; `seats` names the halves asked for, `missing` the other halves."""


class CompanionAlone(Invalid):
    """A companion place goes only with a wheelchair place of the same order; `seats` names those without one."""


class TooManyUnpaidOrders(Conflict):
    """You have unpaid orders for this screening already, `most` of them. Pay or cancel one first."""


class TooManyHolds(Conflict):
    """You may have `most_orders` unpaid orders with `most_seats` seats, in all cinemas. Pay or cancel one first."""


class HoldsPaused(TooOften):
    """Your last orders ended unpaid, one after another. `retry_after` says how many seconds to wait for the next."""


class MembersOnly(Forbidden):
    """Wallets and kept cards belong to accounts; sign in first."""


class SalesClosed(Conflict):
    """The screening has begun; its seats are no longer sold."""


class QueueRequired(Conflict):
    """This screening has a queue: join it with order.join_queue and come back with the pass. Nothing was held."""


class NotInQueue(NotFound):
    """You have no place in the queue of this screening, or your time to buy is over. Join it with order.join_queue."""


class PriceChanged(Conflict):
    """The price is no longer the one you agreed to: see `total`, `seats` and `snacks`. Nothing was taken."""


class UnknownOrder(NotFound):
    """You have no such order."""


class OrderNotPayable(Conflict):
    """This order can't be paid in its present state; `order_status` says which that is."""


class OrderExpired(OrderNotPayable):
    """The time to pay for this order is over and its seats have been released."""


class OrderNotPaid(Conflict):
    """This order was never paid, so there is no receipt; `order_status` says in which state it is."""


class OrderNotRefundable(Conflict):
    """This order can't be refunded in its present state; `order_status` says which that is."""


class RefundClosed(Conflict):
    """It is too late: by the terms of this order it can no longer be refunded."""


class RefundChanged(Conflict):
    """The refund is no longer the amount you agreed to: see `amount`."""


class SeatsNotInOrder(Invalid):
    """These seats are not, or no longer, part of the order; `seats` names them."""


class OrderNotExtendable(Conflict):
    """An unpaid order gets more time once, and not beyond the start; `order_status` and `extended` say why not."""


class OrderNotCancellable(Conflict):
    """Only an unpaid order can be cancelled; `order_status` says what this one is."""


class TicketsUsed(Conflict):
    """Guests have been admitted with these tickets, so they are not refunded; `seats` names them."""


class GuestsAdmitted(Conflict):
    """`admitted` guests are in already. Set `although_admitted` to cancel anyway; they are refunded in full."""


class UnknownTicket(NotFound):
    """There is no ticket with this code."""


class NotAdmitted(Conflict):
    """Nobody is in with this ticket, or not by this scan; there is nothing to undo."""
