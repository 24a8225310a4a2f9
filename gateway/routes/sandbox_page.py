"""/payment/sandbox/<payment_id>: the sandbox's payment page, which a buyer reads with GET and answers with its form.

Our own pages name their language and theme in the query string. Every form leads on by 303, so that Back and a reload
ask nobody to send it again.
"""

from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import orjson
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from gateway.http.messages import Environ, Headers, Reply, Request
from gateway.http.request_reader import content_type
from gateway.replies import HTML
from gateway.routes.route import READ_VERBS, Call
from schemas import payment
from schemas.errors import Malformed
from schemas.fields import LANGUAGES

FORM_LIMIT = 4096  # bytes
FORM = "application/x-www-form-urlencoded"
THEMES = ("dark", "light")
PAGE_HEADERS: Headers = [(name, value) for name, value in HTML
                         if name not in ("Content-Security-Policy", "Referrer-Policy")]


def read_call(request: Request) -> Call:
    """The call of payment.show_page or payment.answer_page, in the buyer's language and theme.

    Raises CrossSite for a form of another site, and Malformed for what is no form.
    """
    fields = {"payment_id": request.parameter, **_look(request.environ)}
    if request.verb in READ_VERBS:
        return payment.SHOW_PAGE, fields
    if not _is_same_site(request.environ):
        raise payment.CrossSite()
    if content_type(request.environ) != FORM:
        raise Malformed(detail="This must be a form.")
    return payment.ANSWER_PAGE, {**_form(request.read_body()), **fields}


def _look(environ: Environ) -> dict[str, str]:
    """The language, by the browser's wish if the query string names none, and the theme if it is named."""
    named = parse_qs(environ.get("QUERY_STRING", ""), max_num_fields=10)
    language, theme = (named.get(name, [""])[-1] for name in ("language", "theme"))
    if language not in LANGUAGES:
        accepted = parse_accept_header(environ.get("HTTP_ACCEPT_LANGUAGE", ""), LanguageAccept)
        language = accepted.best_match(LANGUAGES, default="en") or "en"
    return {"language": language, **({"theme": theme} if theme in THEMES else {})}


def _is_same_site(environ: Environ) -> bool:
    """Browsers name the origin of every form. A client that names none is a program, which no other site can misuse."""
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


def html_reply(request: Request, reply: Reply) -> Reply:
    """The page that the payment room describes, or the redirect to it, or to what is next, after its form."""
    page = orjson.loads(reply.body)
    if request.verb == "POST" and not page["location"]:
        page["location"] = f"/payment/sandbox/{request.parameter}?{urlencode(_look(request.environ))}"
    if page["location"]:
        return Reply(303, b"", [*PAGE_HEADERS, ("Location", page["location"]), ("Cache-Control", "no-store")])
    # A browser applies this policy also to the address that the form's reply redirects to.
    form_targets = " ".join(["'self'", *filter(None, [page["return_origin"]])])
    return Reply(200, page["html"].encode(), [
        *PAGE_HEADERS, ("Cache-Control", "no-store"),
        ("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
                                    f"form-action {form_targets}; frame-ancestors 'none'"),
        # With no-referrer, browsers would not name the form's origin either.
        ("Referrer-Policy", "same-origin"),
    ])
