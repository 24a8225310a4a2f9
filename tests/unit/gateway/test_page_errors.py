"""A page reports what failed, and the log has it with the request's id and without a word about a person."""

import json
import logging
from typing import Any

import pytest

from gateway.http.messages import Request
from gateway.routes.page_errors import REPORT_ERROR, impersonal, report_error
from gateway.routes.route import LocalRoute
from gateway.routes.routing_table import RoutingTable
from gateway.routes.static_files import WebPages
from schemas.errors import Malformed

GOOD = {"page": "/order", "error": "TypeError", "frames": ["/web/hall/map/zoom.js:12:5", "/web/app.js:1:1"]}


def request(report: Any) -> Request:
    body = json.dumps(report).encode()
    return Request("POST", REPORT_ERROR.path, "r-1", token="secret", address="192.0.2.1", read_body=lambda: body,
                   environ={"CONTENT_TYPE": "application/json"})


def test_a_report_is_logged_with_the_requests_id_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "marquee.page"):
        assert report_error(request(GOOD)).body == b"{}"
    [line] = caplog.records
    assert {name: getattr(line, name) for name in ("event", "request_id", "page", "error", "frames")} == {
        "event": "page_error", "request_id": "r-1", **GOOD}
    assert not {"secret", "192.0.2.1"} & set(map(str, vars(line).values()))


@pytest.mark.parametrize(("report", "logged"), [
    ({"page": "/order/01a1fd94188c731599426506d887675e"}, {"page": "/order"}),
    ({"page": "/ada@example.org"}, {"page": "unknown"}), ({"page": "/account?name=ada"}, {"page": "unknown"}),
    ({"page": "/"}, {"page": "/"}), ({"page": 7}, {"page": "unknown"}), ({"page": "order"}, {"page": "unknown"}),
    ({"error": "ada@example.org"}, {"error": "unknown"}), ({"error": "Ada"}, {"error": "unknown"}),
    ({"frames": ["https://evil.example/x.js:1:1", "/web/../ada.js:1:1", "/web/app.js:1:1\nada", "/web/app.js:1:1", 7]},
     {"frames": ["/web/app.js:1:1"]}),
    ({"frames": ["/web/app.js:1:1"] * 11}, {"frames": ["/web/app.js:1:1"] * 10}), ({"frames": "a"}, {"frames": []}),
    ({"message": "Ada is not defined"}, {})])
def test_nothing_that_may_be_about_a_person_is_logged(report: dict[str, Any], logged: dict[str, Any]) -> None:
    assert impersonal({**GOOD, **REPORT_ERROR.load(report)}) == {**GOOD, **logged}


def test_a_report_that_is_no_object_is_refused() -> None:
    with pytest.raises(Malformed):
        report_error(request(["a list"]))


def test_the_gateway_answers_reports_by_itself_with_a_limit() -> None:
    route, _ = RoutingTable({}, WebPages(), 65536).find("/page/report_error")
    assert isinstance(route, LocalRoute)
    assert (route.verbs, route.body_limit, route.method) == (("POST",), 4096, REPORT_ERROR)
