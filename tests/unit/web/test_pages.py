"""The pages and files that the gateway makes of the folder web/."""

import re
from pathlib import Path

import pytest

from gateway.http.messages import Reply, Request
from gateway.routes.route import PageRoute
from gateway.routes.routing_table import RoutingTable
from gateway.routes.static_files import FOLDER, SERVICE_WORKER, WebPages
from schemas.gateway import UnknownPath

WEB = WebPages()
TABLE = RoutingTable({}, WEB, body_limit=0)
ADDRESSES = ("/film/amelie", "/film/mad-max-fury-road", "/screening/kanal-1-20261121-2000",
             "/order/01a1fdceed2673018dc2632fa9903c6d", "/receipt/01a1fdceed2673018dc2632fa9903c6d", "/account",
             "/confirm", "/forgotten", "/reset", "/kitchen", "/door", "/insight")
FILES = [path for path in sorted(FOLDER.rglob("*")) if path.suffix in (".html", ".css", ".js", ".svg")]


def reply(request: Request, table: RoutingTable = TABLE) -> Reply:
    route, request.parameter = table.find(request.path)
    route.check(request)
    assert isinstance(route, PageRoute)
    return route.reply(request)


def policy_of(path: str) -> str:
    return dict(reply(Request("GET", path, "r", accepts_html=True)).headers)["Content-Security-Policy"]


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_page_of_buyers_has_an_address(path: str) -> None:
    page = reply(Request("GET", path, "r", accepts_html=True))
    assert (page.status, page.body[:15]) == (200, b"<!doctype html>")


@pytest.mark.parametrize("path", ["/film/get_info", "/film/GetInfo", "/order/buy", "/order/get_list"])
def test_a_method_comes_before_a_page(path: str) -> None:
    assert TABLE.find(path)[0].method is not None


@pytest.mark.parametrize("path", ["/", "/film/amelie", "/account", "/nowhere"])
def test_the_pages_of_a_demonstration_are_marked(path: str) -> None:
    request = Request("GET", path, "r", accepts_html=True)
    marked, plain = (reply(request, table).body for table in (RoutingTable({}, WebPages(test=True), 0), TABLE))
    assert b"<html data-test " in marked
    assert marked.replace(b"<html data-test ", b"<html ") == plain


def test_a_page_knows_how_many_seats_an_order_may_have() -> None:
    request = Request("GET", "/", "r")
    assert b'<html data-most-seats="5" ' in WebPages(most_seats=5).files()["/"](request).body


@pytest.mark.parametrize("path", ["/film", "/film/", "/film/a/b", "/user/register2", "/film/../x", "/payment/x",
                                  "/accounts"])
def test_an_unknown_address_has_no_page(path: str) -> None:
    assert reply(Request("GET", path, "r", accepts_html=True)).status == 404


@pytest.mark.parametrize("request_", [
    Request("GET", "/order/byu", "r"), Request("POST", "/order/byu", "r", accepts_html=True),
], ids=["a program", "a form"])
def test_a_page_is_for_browsers_that_go_to_it(request_: Request) -> None:
    with pytest.raises(UnknownPath):
        reply(request_)


def test_an_unknown_address_is_a_page_for_a_person_and_a_code_for_a_program() -> None:
    page = reply(Request("GET", "/fim/amelie", "r", accepts_html=True, if_none_match="*"))
    assert (page.status, page.body[:15]) == (404, b"<!doctype html>")
    for request in (Request("GET", "/x", "r"), Request("POST", "/x", "r", accepts_html=True)):
        with pytest.raises(UnknownPath):
            reply(request)


@pytest.mark.parametrize("path", ["/", "/nowhere", *ADDRESSES, SERVICE_WORKER])
def test_only_scripts_and_styles_of_the_folder_run(path: str) -> None:
    """On pages and in the worker; a script's or picture's own policy, where somebody opens it, lets nothing run."""
    policy = policy_of(path)
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy


def test_nothing_runs_in_a_file_that_is_opened_by_itself() -> None:
    policies = {policy_of(path) for path in WEB.files().keys() - {"/", SERVICE_WORKER}}
    assert policies == {"default-src 'none'; frame-ancestors 'none'"}


def test_a_file_is_sent_once_and_named_by_its_etag_afterwards() -> None:
    sent = dict(reply(Request("GET", "/web/app.js", "r")).headers)
    assert reply(Request("GET", "/web/app.js", "r", if_none_match=sent["ETag"])).status == 304


@pytest.mark.parametrize("path", ["/account", "/kitchen", "/film/amelie", "/screening/x", "/order/x"])
def test_a_page_is_sent_once_too(path: str) -> None:
    sent = dict(reply(Request("GET", path, "r", accepts_html=True)).headers)
    again = reply(Request("GET", path, "r", accepts_html=True, if_none_match=sent["ETag"]))
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_no_file_loads_anything_from_elsewhere(path: Path) -> None:
    text = path.read_text()
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", text)) - {"http://www.w3.org/2000/svg"}
    assert addresses == set()
    assert not re.search(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval)\b|style=|\son\w+=\"", text)


def test_every_imported_module_exists() -> None:
    for script in FOLDER.rglob("*.js"):
        for name in re.findall(r"""(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""", script.read_text()):
            assert (script.parent / name).resolve().is_file(), f"{script.name} imports {name}"


@pytest.mark.parametrize(("path", "script"), [
    ("/", "now_showing"), ("/film/amelie", "film"), ("/screening/x", "screening"), ("/order/x", "order"),
    ("/receipt/x", "receipt"), ("/account", "account"), ("/confirm", "confirm"), ("/reset", "reset"),
    ("/kitchen", "kitchen"), ("/door", "door"), ("/insight", "insight")])
def test_a_page_preloads_exactly_the_modules_that_it_imports(path: str, script: str) -> None:
    html = reply(Request("GET", path, "r", accepts_html=True)).body.decode()
    named = re.findall(r'<link rel="modulepreload" href="/web/([^"]+)">', html)
    assert len(named) == len(set(named))
    assert {"app.js", f"pages/{script}.js"} <= set(named)
    imported = {(FOLDER / name).parent / other for name in named
                for other in re.findall(r"""^import[^"]*"(\.[^"]+)";""", (FOLDER / name).read_text(), re.MULTILINE)}
    assert {file.resolve() for file in imported} | {FOLDER / "app.js", FOLDER / f"pages/{script}.js"} == {
        FOLDER / name for name in named}


def test_modules_that_import_each_other_are_preloaded_once(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "index.html").write_text("<head></head>")
    (tmp_path / "app.js").write_text('import { b } from "./b.js";\n')
    (tmp_path / "b.js").write_text('import {\n  a,\n} from "./app.js";\n')
    for page in ("now_showing", "film", "screening", "order", "receipt", "account", "confirm", "forgotten", "reset",
                 "kitchen", "door", "insight"):
        (tmp_path / "pages" / f"{page}.js").write_text("")
    page = WebPages(tmp_path).files()["/"](Request("GET", "/", "r")).body.decode()
    assert re.findall(r'href="([^"]+)"', page) == ["/web/app.js", "/web/pages/now_showing.js", "/web/b.js"]


def test_the_service_worker_may_serve_the_pages_of_orders_and_no_other_file_may() -> None:
    allowed = {path: dict(answer(Request("GET", path, "r")).headers).get("Service-Worker-Allowed")
               for path, answer in WEB.files().items()}
    assert {path: scope for path, scope in allowed.items() if scope} == {"/web/order/offline/worker.js": "/order/"}
