"""`@call(METHOD)`: a room's method as its contract describes it.

It loads the request by its schema, checks the principal, dumps the reply, and writes one log line.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

from eventlet import Timeout
from nameko import config
from nameko.extensions import DependencyProvider

from schemas.base import Method
from schemas.errors import Forbidden, OutcomeUnknown, Refusal, RoomSilent, Unauthenticated
from schemas.roles import GUEST, allows, includes_at
from services.foundation import metrics
from services.foundation.database import CommitUnknown
from services.foundation.readiness.storage import storage
from services.foundation.rpc import identity
from services.foundation.rpc.server import is_overdue, rpc
from services.foundation.tracing.span_attributes import name_order, record_error

log = logging.getLogger("marquee.call")


@dataclass(frozen=True)
class Principal:
    """The caller, as the gateway verified it; `user_id` is None for a stranger and for another room.

    `user_agent`: what the client that signs in calls itself; the gateway passes it to methods that sign in.
    `address`: the client's network address, as gateway/client_address.py writes it; it comes to the user room only.
    `caller_gone`: the deadline had passed before a worker took up the call, so nobody waits for the answer.
    `call_id`: the same in a message that the broker delivers again, because the process that had it is gone.
    `is_believed`: False if a caller was named without a good signature.
    """

    user_id: str | None = None
    username: str | None = None
    roles: tuple[str, ...] = ()
    token_id: str | None = None
    request_id: str | None = None
    idempotency_key: str | None = None
    user_agent: str | None = None
    address: str | None = None
    caller_gone: bool = False
    call_id: str | None = None
    is_believed: bool = True

    @classmethod
    def of(cls, context: dict[str, Any]) -> "Principal":
        """The principal in a message's context headers; a stranger where they are missing or malformed."""
        caller = context.get("caller")
        caller = caller if isinstance(caller, dict) else {}
        roles = caller.get("roles")
        return cls(
            user_id=caller.get("user_id"), username=caller.get("username"),
            roles=tuple(roles) if isinstance(roles, list) else (),
            token_id=caller.get("token_id"), request_id=context.get("request_id"),
            idempotency_key=context.get("idempotency_key"),
            user_agent=context.get("user_agent"), address=context.get("address"), caller_gone=is_overdue(context),
            call_id=next(iter(context.get("call_id_stack", [])[-2:-1]), None),  # the last is of this worker itself
        )

    @property
    def is_guest(self) -> bool:
        """Whether the caller buys without an account; `user_id` names the guest then."""
        return GUEST in self.roles

    def permit(self, method: Method) -> None:
        """Check the method's `access`. Raises Unauthenticated for a stranger, Forbidden without the role.

        Whatever the method, a caller that is not believed is Forbidden: Unauthenticated would sign its users out.
        """
        if not self.is_believed:
            raise Forbidden()
        if method.access in ("public", "internal"):
            return
        if self.user_id is None:
            if method.also_internal:
                return  # the gateway lets no stranger through to a method that needs a principal
            raise Unauthenticated()
        if not allows(method.access, self.roles):
            raise Forbidden()

    def permit_at(self, role: str, cinema_id: str) -> None:
        """Check that the principal holds the role at this cinema, or for the house. Raises Forbidden."""
        if not includes_at(self.roles, role, cinema_id):
            raise Forbidden()


class PrincipalProvider(DependencyProvider):
    """Injects the Principal of each call; every room with `@call` methods has `principal = PrincipalProvider()`."""

    def setup(self) -> None:
        """Load the keys. Raises SettingsError."""
        self._identities = identity.load(config)
        metrics.expect_faulty_identities(self.container.service_name)

    def get_dependency(self, worker_ctx: Any) -> Principal:
        """The principal of the call that this worker serves."""
        principal = Principal.of(worker_ctx.context_data)
        method = f"{worker_ctx.service_name}.{worker_ctx.entrypoint.method_name}"
        fault = self._identities.fault(worker_ctx.context_data, method)
        if fault is None:
            return principal
        metrics.count_faulty_identity(worker_ctx.service_name, fault)
        log.warning("a caller's signature is %s", fault, extra={
            "event": "identity", "method": method, "request_id": principal.request_id, "user_id": principal.user_id,
            "refused": self._identities.required})
        return replace(principal, is_believed=not self._identities.required)


def call(method: Method) -> Callable[[Callable[[Any, dict[str, Any]], Any]], Callable[..., Any]]:
    """Serve `method` by RPC with the decorated function of (self, request), whose result the reply schema dumps.

    The caller gets a refusal as itself: FieldsInvalid for a request that does not fit, what `Principal.permit` raises,
    StorageFull, RoomSilent after the deadline, OutcomeUnknown when a COMMIT got lost, or what the function raises.
    """

    def decorate(function: Callable[[Any, dict[str, Any]], Any]) -> Callable[..., Any]:
        @wraps(function)
        def serve(self: Any, /, **fields: Any) -> Any:
            with _log_call(self.principal, method), _wire_errors():
                if self.principal.caller_gone:
                    raise RoomSilent(room=method.room)  # which its caller has raised at the deadline
                self.principal.permit(method)
                storage().check(method)
                reply = method.dump(function(self, method.load(fields)))
                name_order(reply)
                return reply

        metrics.expect_call(method.room, method.name)
        serve.contract = method  # type: ignore[attr-defined]
        return rpc(expected_exceptions=(Refusal,))(serve)

    return decorate


@contextmanager
def _log_call(principal: Principal, method: Method) -> Iterator[None]:
    """One log line for the call inside, with its outcome and how long it took."""
    started, outcome = time.perf_counter(), "ok"
    try:
        yield
    except Refusal as refusal:
        outcome = refusal.code
        record_error(refusal)
        raise
    except Exception as problem:
        outcome = type(problem).__name__
        record_error(problem)
        raise
    finally:
        metrics.observe_call(method.room, method.name, outcome, started)
        log.info("%s.%s", method.room, method.name,
                 extra={"event": "call", "room": method.room, "request_id": principal.request_id,
                        "user_id": principal.user_id, "outcome": outcome,
                        "ms": round((time.perf_counter() - started) * 1000, 2)})


@contextmanager
def _wire_errors() -> Iterator[None]:
    """What the caller can be told of the error inside."""
    try:
        yield
    except CommitUnknown as problem:
        raise OutcomeUnknown() from problem
    except Timeout as overdue:
        # A Timeout is not an Exception: outside the method it would end the worker without an answer.
        raise TimeoutError(str(overdue)) from overdue
