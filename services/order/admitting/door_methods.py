"""The order room's methods for the staff at the doors."""

from collections.abc import Set
from dataclasses import replace
from typing import Any

from schemas import order as contract
from schemas.roles import cinemas_of
from services.foundation.database import utc_now
from services.foundation.rpc.calls import call
from services.foundation.rpc.idempotency import IdempotencyKey
from services.order.admitting import rules
from services.order.models import KEYS


class DoorMethods:
    """A part of the class Order, which has the dependencies."""

    principal: Any
    workflows: Any

    @call(contract.ADMIT)
    def admit(self, request: dict[str, Any]) -> dict[str, Any]:
        """Admit the guest with this ticket, or say why not. The nonce is the scan's Idempotency-Key."""
        nonce, code, screening_id = request["nonce"], request["code"], request.get("screening_id")
        scan = rules.Scan(code, nonce, screening_id, rules.moment_of(request.get("scanned_at"), utc_now()),
                          request.get("door") or self.principal.username)
        same = {"code": code, "screening_id": screening_id}  # a scan that is sent later says when it was
        key = IdempotencyKey(KEYS, replace(self.principal, idempotency_key=nonce), contract.ADMIT, same)
        return self.workflows.admissions.admit(key, self.principal, scan)

    @call(contract.UNDO_ADMISSION)
    def undo_admission(self, request: dict[str, Any]) -> dict[str, Any]:
        """Take an admission back. Raises Forbidden at another cinema."""
        key = IdempotencyKey(KEYS, self.principal, contract.UNDO_ADMISSION, request)
        return self.workflows.admissions.undo(key, self.principal, request["code"], request.get("nonce"))

    @call(contract.GET_ATTENDANCE)
    def get_attendance(self, request: dict[str, Any]) -> dict[str, Any]:
        """How many guests are in, of today's screenings or one. Raises Forbidden for another usher's cinema."""
        cinemas = self._cinemas(request.get("cinema_id"))
        return self.workflows.door_lists.attendance(request.get("screening_id"), cinemas, utc_now())

    @call(contract.GET_DOOR_LIST)
    def get_door_list(self, request: dict[str, Any]) -> dict[str, Any]:
        """What a door needs without a network. Raises Forbidden for another usher's cinema."""
        return self.workflows.door_lists.signed_list(self._cinemas(request.get("cinema_id")), utc_now())

    def _cinemas(self, wanted: str | None) -> Set[str] | None:
        """The cinema wanted, or all at which the caller is an usher; None: every one."""
        if wanted is None:
            return cinemas_of(self.principal.roles, "usher")
        self.principal.permit_at("usher", wanted)
        return {wanted}
