"""The routing table: which route stands at an address, and which requests it answers."""

from typing import Any

import pytest

from gateway.http.messages import Reply, Request
from gateway.routes import methods
from gateway.routes.route import CallRoute, PageRoute, Route, StreamRoute
from gateway.routes.routing_table import RoutingTable
from gateway.routes.static_files import WebPages
from schemas import film, order, payment
from schemas.gateway import MethodNotAllowed, UnknownPath


def health(request: Request) -> Reply:
    return Reply(200, b"{}", [])


TABLE = RoutingTable({"/health": health}, WebPages(), body_limit=65536)


def route(path: str) -> Route:
    return TABLE.find(path)[0]


def refused(path: str, verb: str, **others: Any) -> MethodNotAllowed:
    with pytest.raises(MethodNotAllowed) as refusal:
        route(path).check(Request(verb, path, "r", **others))
    return refusal.value


def test_every_public_method_has_a_route_under_each_spelling() -> None:
    for method in methods.PUBLIC.values():
        found = route(method.path)
        assert found.method is method
        assert route(f"/{method.room.title()}/{method.name.title().replace('_', '')}") is found


@pytest.mark.parametrize(("path", "kind", "parameter"), [
    ("/health", PageRoute, ""), ("/", PageRoute, ""), ("/web/app.js", PageRoute, ""),
    ("/live/s-1_A", StreamRoute, "s-1_A"),
    ("/payment/webhook/stripe", CallRoute, "stripe"), ("/payment/sandbox/p1", CallRoute, "p1"),
    ("/film/amelie", PageRoute, "film"), ("/account", PageRoute, "account"), ("/order/buy", CallRoute, ""),
])
def test_an_address_has_one_kind_of_route(path: str, kind: type[Route], parameter: str) -> None:
    found, captured = TABLE.find(path)
    assert isinstance(found, kind)
    assert captured == parameter


@pytest.mark.parametrize("path", [
    "/live/", "/live/" + "s" * 65, "/live/a/b", "/live/a%20b", "/payment/webhook", "/payment/webhook/",
    "/payment/webhook/a/b", "/payment/sandbox/" + "p" * 65, "/payment/webhook/stripe\n", "/payment/charge",
    "/film/get_terms/x", "/nothing",
])
def test_an_unknown_address_has_the_route_of_none(path: str) -> None:
    with pytest.raises(UnknownPath):
        route(path).check(Request("GET", path, "r"))


@pytest.mark.parametrize(("path", "query", "location"), [
    ("/kitchen/", "", "/kitchen"), ("/film/amelie/", "a=1&b=%2F", "/film/amelie?a=1&b=%2F")])
def test_a_page_with_a_slash_leads_to_the_page_without(path: str, query: str, location: str) -> None:
    found = route(path)
    assert isinstance(found, PageRoute)
    reply = found.reply(Request("GET", path, "r", accepts_html=True, environ={"QUERY_STRING": query}))
    assert (reply.status, dict(reply.headers)["Location"]) == (308, location)


@pytest.mark.parametrize("path", ["//", "/kitchen//", "/nothing/", "/order/buy/", "//evil.example/", "/live/s1/",
                                  "/health/"])
def test_no_other_address_with_a_slash_leads_anywhere(path: str) -> None:
    assert route(path) is route("/nothing")


@pytest.mark.parametrize("verb", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "post", "BREW"])
def test_a_write_takes_post_alone(verb: str) -> None:
    assert refused(order.BUY.path, verb).about == {"allowed": ["POST"]}


@pytest.mark.parametrize("verb", ["PUT", "DELETE", "PATCH", "TRACE", "get"])
def test_a_read_takes_get_head_and_post(verb: str) -> None:
    assert refused(film.GET_ALL_LIST.path, verb).about == {"allowed": ["GET", "HEAD", "POST"]}


@pytest.mark.parametrize(("path", "allowed"), [
    ("/health", ["GET", "HEAD"]), ("/web/app.js", ["GET", "HEAD"]), ("/live/s1", ["GET"]),
    ("/payment/webhook/stripe", ["POST"]), ("/payment/sandbox/p1", ["GET", "HEAD", "POST"]),
])
def test_every_other_address_names_the_verbs_it_answers(path: str, allowed: list[str]) -> None:
    for verb in {"GET", "HEAD", "POST", "PUT", "OPTIONS"} - set(allowed):
        assert refused(path, verb).about == {"allowed": allowed}
    for verb in allowed:
        route(path).check(Request(verb, path, "r"))


def test_options_is_for_methods_alone() -> None:
    """Scripts on pages of other sites call methods, and nothing else."""
    assert route(order.BUY.path).options
    assert not any(route(path).options for path in ("/health", "/live/s1", "/payment/webhook/stripe", "/film/amelie"))


def test_only_public_reads_are_repeated_from_memory() -> None:
    for method in methods.PUBLIC.values():
        found = route(method.path)
        assert isinstance(found, CallRoute)
        assert found.fresh_for == (method.fresh_for if method.access == "public" else 0)


@pytest.mark.parametrize(("path", "limit"), [
    ("/order/buy", 65536), ("/payment/webhook/stripe", payment.WEBHOOK_LIMIT), ("/payment/sandbox/p1", 4096),
])
def test_a_body_is_limited_by_its_route(path: str, limit: int) -> None:
    found = route(path)
    assert isinstance(found, CallRoute)
    assert found.body_limit == limit
