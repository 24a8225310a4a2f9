"""A small server that answers as Stripe's API is documented to: Checkout, PaymentIntents, kept cards, refunds."""

import json
import re
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

KEY = "sk_test_ofthetests"
Thing = dict[str, Any]


class Refused(Exception):
    def __init__(self, status: int, code: str, kind: str = "invalid_request_error", **more: Any) -> None:
        self.status, self.error = status, {"type": kind, "code": code, "message": code, **more}


class Stripe:
    """The records of one account, what its buyers do, and how the server misbehaves."""

    def __init__(self) -> None:
        self.sessions: dict[str, Thing] = {}
        self.intents: dict[str, Thing] = {}
        self.all_refunds: dict[str, Thing] = {}
        self.disputes: dict[str, Thing] = {}
        self.methods: dict[str, Thing] = {}   # the cards that are kept, or were
        self.card_declines = ""       # why the next payment with a kept card is declined
        self.bank_asks = False        # for a further step when a kept card pays
        self.refund_status = "succeeded"
        self.card_refuses = False     # to pay what was reserved on it
        self.awake = threading.Event()   # while this is not set, there are no answers
        self.awake.set()
        self.released = threading.Event()
        self.seconds = 0.0            # per answer
        self.hangs: set[str] = set()  # paths that get no answer until `released`
        self.busy = self.most_at_once = 0
        self.lost_answers = 0         # so many of the next answers are lost
        self.forbidden: set[str] = set()   # what the key may not read: charges, disputes
        self.requests: list[str] = []
        self._intent_metadata: dict[str, Thing] = {}  # until a buyer pays and the PaymentIntent is made
        self._answers: dict[str, tuple[Thing, Thing | Refused]] = {}
        self._numbers = count(1)
        self._lock = threading.Lock()
        self.url = ""

    # --- what buyers do at its page ---

    def pay(self, session_id: str) -> None:
        session = self.sessions[session_id]
        assert session["status"] == "open", "the page is closed"
        intent = {"id": f"pi_{next(self._numbers)}", "object": "payment_intent", "amount": session["amount_total"],
                  "amount_received": 0, "currency": session["currency"], "status": "requires_capture",
                  "livemode": session["livemode"], "metadata": dict(self._intent_metadata[session_id])}
        intent["latest_charge"] = f"ch_{intent['id'].removeprefix('pi_')}"
        intent.update(created=int(time.time()), next_action=None, last_payment_error=None,
                      payment_method=self._use_card(session["customer_creation"] == "always"))
        self.intents[intent["id"]] = intent
        session.update(status="complete", url=None, payment_intent=intent["id"])

    def _use_card(self, kept: bool) -> str:
        """A buyer's card, as a PaymentMethod; a kept one belongs to a Customer."""
        number = next(self._numbers)
        card = {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2031, "fingerprint": "same"}
        self.methods[f"pm_{number}"] = {"id": f"pm_{number}", "object": "payment_method", "card": card,
                                        "customer": f"cus_{number}" if kept else None}
        return f"pm_{number}"

    def take_the_step(self, payment_id: str) -> None:
        """The buyer does what the bank of a kept card has asked for."""
        [intent] = [each for each in self.intents.values() if each["metadata"].get("payment_id") == payment_id]
        assert intent["status"] == "requires_action"
        intent.update(status="requires_capture", next_action=None)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Counts the requests that wait for an answer."""
        with self._lock:
            self.busy += 1
            self.most_at_once = max(self.most_at_once, self.busy)
        try:
            yield
        finally:
            with self._lock:
                self.busy -= 1

    def session_of(self, payment_id: str) -> str:
        return next(each["id"] for each in self.sessions.values() if each["client_reference_id"] == payment_id)

    # --- reversals ---

    def refund_by_hand(self, payment_id: str, amount: int) -> Thing:
        """A refund made at the dashboard; the object that the webhook is about."""
        intent = self.intent_of(payment_id)
        return self._refund({"payment_intent": intent["id"], "amount": amount, "metadata": {}})

    def dispute(self, payment_id: str, amount: int | None = None, status: str = "needs_response") -> Thing:
        """The buyer's bank takes this much of the money back, or all; the object that the webhook is about."""
        intent = self.intent_of(payment_id)
        dispute = {"id": f"dp_{next(self._numbers)}", "object": "dispute", "amount": amount or intent["amount"],
                   "charge": intent["latest_charge"], "payment_intent": intent["id"], "currency": intent["currency"],
                   "created": int(time.time()), "status": status, "metadata": {}}
        self.disputes[dispute["id"]] = dispute
        return dispute

    def intent_of(self, payment_id: str) -> Thing:
        return self.intents[self.sessions[self.session_of(payment_id)]["payment_intent"]]

    def charge_of(self, intent: Thing) -> Thing:
        refunds = [each["amount"] for each in self.all_refunds.values()
                   if each["payment_intent"] == intent["id"] and each["status"] not in ("failed", "canceled")]
        return {"id": intent["latest_charge"], "object": "charge", "amount": intent["amount"],
                "amount_refunded": sum(refunds), "payment_intent": intent["id"], "metadata": dict(intent["metadata"]),
                "disputed": any(each["payment_intent"] == intent["id"] for each in self.disputes.values())}

    # --- what its API does ---

    def answer(self, verb: str, path: str, params: Thing, key: str | None) -> Thing:
        with self._lock:
            self.requests.append(f"{verb} {path}")
            self._check_permissions(path, params)
            if verb == "POST" and key in self._answers:
                before, told = self._answers[key]
                if before != params:
                    raise Refused(400, "idempotency_key_in_use", "idempotency_error")
                if isinstance(told, Refused):
                    raise told
                return told
            try:
                told = self._do(verb, path, params)
            except Refused as refused:
                if key and refused.status == 402:
                    self._answers[key] = params, refused
                raise
            if verb == "POST" and key:
                self._answers[key] = params, json.loads(json.dumps(told))
            return told

    def _check_permissions(self, path: str, params: Thing) -> None:
        """As with a restricted key: https://docs.stripe.com/keys/restricted-api-keys."""
        read = {path.split("/")[2]} | {"charges" for name in params.get("expand", {}).values() if "charge" in name}
        if read & self.forbidden:
            raise Refused(403, "more_permissions_required")

    def _do(self, verb: str, path: str, params: Thing) -> Thing:
        routes: list[tuple[str, str, Callable[..., Thing]]] = [
            ("POST", r"/v1/checkout/sessions", self._create_session),
            ("GET", r"/v1/checkout/sessions", lambda p: self._listed(self.sessions, p, "/v1/checkout/sessions")),
            ("GET", r"/v1/checkout/sessions/(\w+)", lambda p, name: self._shown(self._find(self.sessions, name), p)),
            ("POST", r"/v1/checkout/sessions/(\w+)/expire", self._expire),
            ("POST", r"/v1/payment_intents", self._create_intent),
            ("GET", r"/v1/payment_intents", lambda p: self._listed(self.intents, p, "/v1/payment_intents")),
            ("GET", r"/v1/payment_methods/(\w+)", lambda p, name: self._find(self.methods, name)),
            ("POST", r"/v1/payment_methods/(\w+)/detach", self._detach),
            ("GET", r"/v1/payment_intents/(\w+)", lambda p, name: self._find(self.intents, name)),
            ("GET", r"/v1/charges/(\w+)", lambda p, name: self._find(
                {each["latest_charge"]: self.charge_of(each) for each in self.intents.values()}, name)),
            ("POST", r"/v1/payment_intents/(\w+)/capture", self._capture),
            ("POST", r"/v1/payment_intents/(\w+)/cancel", self._cancel),
            ("POST", r"/v1/refunds", self._refund),
            ("GET", r"/v1/refunds", lambda p: self._listed(_of_intent(self.all_refunds, p), p, "/v1/refunds")),
            ("GET", r"/v1/disputes", lambda p: self._listed(_of_intent(self.disputes, p), p, "/v1/disputes")),
        ]
        for wanted, pattern, work in routes:
            if wanted == verb and (match := re.fullmatch(pattern, path)):
                return work(params, *match.groups())
        raise Refused(404, "resource_missing")

    def _create_session(self, params: Thing) -> Thing:
        price = params["line_items"]["0"]["price_data"]
        amount = int(price["unit_amount"]) * int(params["line_items"]["0"]["quantity"])
        ends = int(params["expires_at"]) - time.time()
        if not params["success_url"].startswith("http") or not 30 * 60 <= ends <= 24 * 3600:
            raise Refused(400, "parameter_invalid")
        if amount < 50:
            raise Refused(400, "amount_too_small")
        number, intent_data = next(self._numbers), params["payment_intent_data"]
        assert intent_data["capture_method"] == "manual"
        keeps = params.get("customer_creation", "if_required")
        assert (keeps == "always") == (intent_data.get("setup_future_usage") == "on_session")
        session = {"id": f"cs_test_{number}", "object": "checkout.session", "created": int(time.time()),
                   "client_reference_id": params["client_reference_id"], "metadata": dict(params["metadata"]),
                   "amount_total": amount, "currency": price["currency"], "status": "open", "livemode": False,
                   "payment_intent": None, "customer_creation": keeps, "url": f"{self.url}/pay/cs_test_{number}",
                   "success_url": params["success_url"], "cancel_url": params["cancel_url"]}
        self.sessions[session["id"]] = session
        self._intent_metadata[session["id"]] = intent_data["metadata"]
        return self._shown(session, params)

    def _create_intent(self, params: Thing) -> Thing:
        """A payment with a kept card, confirmed at once."""
        method = self._find(self.methods, params["payment_method"])
        if method["customer"] != params["customer"]:
            raise Refused(400, "payment_method_unexpected_state")
        assert (params["confirm"], params["capture_method"]) == ("true", "manual")
        assert params["return_url"].startswith("http")
        number, step = next(self._numbers), {"type": "redirect_to_url", "redirect_to_url": {"url": f"{self.url}/step"}}
        intent = {"id": f"pi_{number}", "object": "payment_intent", "created": int(time.time()),
                  "amount": int(params["amount"]), "amount_received": 0, "currency": params["currency"],
                  "livemode": False, "metadata": dict(params["metadata"]), "latest_charge": f"ch_{number}",
                  "payment_method": method["id"], "last_payment_error": None,
                  "status": "requires_action" if self.bank_asks else "requires_capture",
                  "next_action": step if self.bank_asks else None}
        self.intents[intent["id"]] = intent
        if self.card_declines:
            problem = {"code": "card_declined", "decline_code": self.card_declines}
            intent.update(status="requires_payment_method", last_payment_error={"type": "card_error", **problem})
            raise Refused(402, kind="card_error", **problem)
        return intent

    def _detach(self, params: Thing, name: str) -> Thing:
        method = self._find(self.methods, name)
        if method["customer"] is None:
            raise Refused(400, "payment_method_unexpected_state")
        method["customer"] = None
        return method

    def _expire(self, params: Thing, name: str) -> Thing:
        session = self._find(self.sessions, name)
        if session["status"] != "open":
            raise Refused(400, "resource_missing")
        session.update(status="expired", url=None)
        return session

    def _capture(self, params: Thing, name: str) -> Thing:
        intent = self._find(self.intents, name)
        if intent["status"] != "requires_capture":
            raise Refused(400, "payment_intent_unexpected_state")
        if self.card_refuses:
            raise Refused(402, "capture_charge_authorization_expired", "card_error")
        intent.update(status="succeeded", amount_received=intent["amount"])
        return intent

    def _cancel(self, params: Thing, name: str) -> Thing:
        intent = self._find(self.intents, name)
        if intent["status"] not in ("requires_capture", "requires_action"):
            raise Refused(400, "payment_intent_unexpected_state")
        intent["status"] = "canceled"
        return intent

    def _refund(self, params: Thing) -> Thing:
        intent, amount = self._find(self.intents, params["payment_intent"]), int(params["amount"])
        if amount > intent["amount_received"] - self.charge_of(intent)["amount_refunded"]:
            raise Refused(400, "charge_already_refunded")
        refund = {"id": f"re_{next(self._numbers)}", "object": "refund", "amount": amount, "created": int(time.time()),
                  "payment_intent": intent["id"], "status": self.refund_status, "currency": intent["currency"],
                  "metadata": dict(params["metadata"])}
        self.all_refunds[refund["id"]] = refund
        return refund

    def _listed(self, things: dict[str, Thing], params: Thing, url: str) -> Thing:
        """A page of a list, the newest first."""
        between = params.get("created", {})
        found = [each for each in reversed(things.values())
                 if int(between.get("gte", 0)) <= each["created"] <= int(between.get("lte", 10**12))]
        if after := params.get("starting_after"):
            found = found[[each["id"] for each in found].index(after) + 1:]
        most = int(params.get("limit", 10))
        return {"object": "list", "url": url, "has_more": len(found) > most,
                "data": [self._shown(each, params) for each in found[:most]]}

    def _shown(self, thing: Thing, params: Thing) -> Thing:
        """The object with the PaymentIntent and the charge that the request expands."""
        expands = {name.removeprefix("data.") for name in params.get("expand", {}).values()}
        if not thing.get("payment_intent") or not expands & {"payment_intent", "payment_intent.latest_charge"}:
            return dict(thing)
        intent = self.intents[thing["payment_intent"]]
        charge = {"latest_charge": self.charge_of(intent)} if "payment_intent.latest_charge" in expands else {}
        return {**thing, "payment_intent": {**intent, **charge}}

    @staticmethod
    def _find(things: dict[str, Thing], name: str) -> Thing:
        if name not in things:
            raise Refused(404, "resource_missing")
        return things[name]


def _of_intent(things: dict[str, Thing], params: Thing) -> dict[str, Thing]:
    return {name: each for name, each in things.items()
            if params.get("payment_intent") in (None, each["payment_intent"])}


def nested(pairs: list[tuple[str, str]]) -> Thing:
    """Parameters such as a[b][0]=c as nested dictionaries."""
    found: Thing = {}
    for name, value in pairs:
        *path, last = re.findall(r"[^\[\]]+", name)
        place = found
        for step in path:
            place = place.setdefault(step, {})
        place[last] = value
    return found


def handler(stripe: Stripe) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # noqa: N802
            self.respond()

        def do_POST(self) -> None:  # noqa: N802
            self.respond()

        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            parts = urlsplit(self.path)
            params = nested(parse_qsl(body or parts.query, keep_blank_values=True))
            try:
                if not self.is_known():
                    raise Refused(401, "api_key_invalid")
                status, told = 200, stripe.answer(self.command, parts.path, params, self.headers.get("Idempotency-Key"))
            except Refused as refused:
                status, told = refused.status, {"error": refused.error}
            with stripe.answering():
                time.sleep(stripe.seconds)
                stripe.awake.wait(30)
            if parts.path in stripe.hangs:
                stripe.released.wait(30)
            if stripe.lost_answers:
                stripe.lost_answers -= 1
                self.close_connection = True
                return
            answer = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def is_known(self) -> bool:
            kind, _, value = (self.headers.get("Authorization") or "").partition(" ")
            return value == KEY if kind == "Bearer" else b64decode(value).decode() == f"{KEY}:"

        def log_message(self, *args: Any) -> None:
            """Tests are quiet."""

    return Handler


@contextmanager
def running_stripe() -> Iterator[Stripe]:
    stripe = Stripe()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(stripe))
    stripe.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield stripe
    finally:
        server.shutdown()
        server.server_close()
