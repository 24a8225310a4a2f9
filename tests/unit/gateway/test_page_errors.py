"""A page reports what failed, and the log has it with the request's id and without a word about a person."""

import json
import logging
from typing import Any

import pytest

from gateway.http.messages import Request
from gateway.routes.page_errors import REPORT_ERROR, report_error
from gateway.routes.route import LocalRoute
from gateway.routes.routing_table import RoutingTable
from gateway.routes.static_files import WebPages
from schemas.errors import FieldsInvalid

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


@pytest.mark.parametrize("change", [
    {"page": "/order/01a1fd94188c731599426506d887675e"}, {"page": "/account?email=ada@example.org"}, {"page": None},
    {"error": "ada@example.org"}, {"error": ""}, {"frames": ["https://evil.example/x.js:1:1"]},
    {"frames": ["/web/app.js:1:1"] * 11}, {"frames": ["/web/../ada.js:1:1"]}, {"message": "Ada is not defined"}])
def test_free_text_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(FieldsInvalid):
        report_error(request({**GOOD, **change}))


def test_the_gateway_answers_reports_by_itself_with_a_limit() -> None:
    route, _ = RoutingTable({}, WebPages(), 65536).find("/page/report_error")
    assert isinstance(route, LocalRoute)
    assert (route.verbs, route.body_limit, route.method) == (("POST",), 4096, REPORT_ERROR)
