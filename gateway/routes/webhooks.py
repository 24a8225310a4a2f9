"""Addresses for those who don't speak our API: providers that send webhooks, and the forms of the sandbox's page."""

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from gateway.http.messages import Headers, Reply, Request
from gateway.replies import HTML
from gateway.requests import read_body
from schemas import payment
from schemas.base import Method
from schemas.errors import Malformed
from schemas.gateway import MethodNotAllowed

Environ = dict[str, Any]
WEBHOOK = re.compile(r"/payment/webhook/([A-Za-z0-9_-]{1,64})")
PAGE = re.compile(r"/payment/sandbox/([A-Za-z0-9_-]{1,64})")
SIGNATURE = re.compile(r"HTTP_([A-Z0-9_]{1,40}_SIGNATURE)\Z")
FORM_LIMIT = 4096  # bytes
FORM = "application/x-www-form-urlencoded"
CHINESE = re.compile(r"\s*zh\b", re.IGNORECASE)
PAGE_HEADERS: Headers = [(name, value) for name, value in HTML
                         if name not in ("Content-Security-Policy", "Referrer-Policy")]


@dataclass(frozen=True)
class Address:
    """How to make a call of what was sent there, and a reply of the answer."""

    read: Callable[[Environ, Request, float], tuple[Method, dict[str, Any]]]
    reply: Callable[[Reply], Reply]


def find(path: str) -> Address | None:
    if address := WEBHOOK.fullmatch(path):
        return Address(partial(_read_webhook, address[1]), lambda answer: answer)
    if address := PAGE.fullmatch(path):
        return Address(partial(_read_page, address[1]), _show)
    return None


def _read_webhook(provider: str, environ: Environ, request: Request, seconds: float) -> tuple[Method, dict[str, Any]]:
    """The bytes as they came, because they are signed as they came, and the signature."""
    if request.verb != "POST":
        raise MethodNotAllowed(allowed=["POST"])
    body = read_body(environ, payment.WEBHOOK_LIMIT, seconds)
    signatures = {name[1].replace("_", "-").lower(): value for key, value in environ.items()
                  if (name := SIGNATURE.match(key))}
    return payment.RECEIVE_WEBHOOK, {"provider": provider, "body": b64encode(body).decode(), "headers": signatures}


def _read_page(payment_id: str, environ: Environ, request: Request, seconds: float) -> tuple[Method, dict[str, Any]]:
    language = "zh" if CHINESE.match(environ.get("HTTP_ACCEPT_LANGUAGE", "")) else "en"
    fields = {"payment_id": payment_id, "language": language}
    if request.verb in ("GET", "HEAD"):
        return payment.SHOW_PAGE, fields
    if request.verb != "POST":
        raise MethodNotAllowed(allowed=["GET", "HEAD", "POST"])
    if not _is_same_site(environ):
        raise payment.CrossSite()
    if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != FORM:
        raise Malformed(detail="This must be a form.")
    return payment.ANSWER_PAGE, {**_form(read_body(environ, FORM_LIMIT, seconds)), **fields}


def _is_same_site(environ: Environ) -> bool:
    """Browsers say of every form where it comes from. Who says nothing is a program, and presses no button unasked."""
    site, origin = environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_ORIGIN")
    if site is not None:
        return bool(site == "same-origin")
    try:
        return origin is None or urlsplit(origin).netloc == environ.get("HTTP_HOST")
    except ValueError:
        return False


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=10)
    except ValueError:
        raise Malformed(detail="The form can't be read.") from None
    return dict(pairs)


def _show(answer: Reply) -> Reply:
    """The page, or the way on from there."""
    page = orjson.loads(answer.body)
    if page["location"]:
        return Reply(303, b"", [*PAGE_HEADERS, ("Location", page["location"]), ("Cache-Control", "no-store")])
    # A browser also asks the policy about where a form's answer sends it on to.
    forms = " ".join(["'self'", *filter(None, [page["return_origin"]])])
    return Reply(200, page["html"].encode(), [
        *PAGE_HEADERS, ("Cache-Control", "no-store"),
        ("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
                                    f"form-action {forms}; frame-ancestors 'none'"),
        # With no-referrer, browsers would not say where a form comes from either.
        ("Referrer-Policy", "same-origin"),
    ])
