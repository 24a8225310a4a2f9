"""What the gateway makes of the folder web/."""

import re
from pathlib import Path

import pytest

from gateway.http.messages import Request
from gateway.routes.static_files import FOLDER, Web
from schemas.gateway import UnknownPath

WEB = Web()
FILES = [path for path in sorted(FOLDER.rglob("*")) if path.suffix in (".html", ".css", ".js", ".svg")]


@pytest.mark.parametrize("path", ["/film/amelie", "/film/mad-max-fury-road", "/screening/kanal-1-20261121-2000",
                                  "/order/01a1fdceed2673018dc2632fa9903c6d", "/account", "/confirm", "/kitchen"])
def test_a_page_stands_where_a_buyer_can_be(path: str) -> None:
    reply = WEB.page(Request("GET", path, "r", browses=True))
    assert WEB.serves(path)
    assert reply.body.startswith(b"<!doctype html>")


@pytest.mark.parametrize("path", ["/film/get_info", "/film/GetInfo", "/order/buy", "/order/get_list"])
def test_a_method_comes_before_a_page(path: str) -> None:
    assert not WEB.serves(path)


@pytest.mark.parametrize("path", ["/", "/film/amelie", "/account", "/nowhere"])
def test_a_demonstration_s_pages_are_marked_as_such(path: str) -> None:
    request = Request("GET", path, "r", browses=True)
    marked, plain = ((web.nowhere if path == "/nowhere" else web.page)(request).body for web in (Web(test=True), WEB))
    assert b"<html data-test " in marked
    assert marked.replace(b"<html data-test ", b"<html ") == plain


@pytest.mark.parametrize("path", ["/film", "/film/", "/film/a/b", "/user/register2", "/film/../x", "/payment/x",
                                  "/accounts"])
def test_no_page_stands_at_other_paths(path: str) -> None:
    assert not WEB.serves(path)


@pytest.mark.parametrize("request_", [
    Request("GET", "/order/byu", "r"), Request("POST", "/order/byu", "r", browses=True)], ids=["a program", "a form"])
def test_only_a_browser_gets_a_page(request_: Request) -> None:
    with pytest.raises(UnknownPath):
        WEB.page(request_)


def test_an_unknown_path_is_a_page_for_a_person_and_a_code_for_a_program() -> None:
    reply = WEB.nowhere(Request("GET", "/fim/amelie", "r", browses=True, etag="*"))
    assert (reply.status, reply.body[:15]) == (404, b"<!doctype html>")
    for request in (Request("GET", "/x", "r"), Request("POST", "/x", "r", browses=True)):
        with pytest.raises(UnknownPath):
            WEB.nowhere(request)


def test_no_script_runs_that_is_not_a_file_of_ours() -> None:
    for answer in WEB.files().values():
        policy = dict(answer.reply(Request("GET", "/", "r")).headers)["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_a_file_is_sent_once_and_named_by_its_etag_afterwards() -> None:
    answer = WEB.files()["/web/app.js"]
    sent = dict(answer.reply(Request("GET", "/web/app.js", "r")).headers)
    assert answer.reply(Request("GET", "/web/app.js", "r", etag=sent["ETag"])).status == 304


@pytest.mark.parametrize("path", ["/account", "/kitchen", "/film/amelie", "/screening/x", "/order/x"])
def test_a_page_too_is_sent_once(path: str) -> None:
    sent = dict(WEB.page(Request("GET", path, "r", browses=True)).headers)
    again = WEB.page(Request("GET", path, "r", browses=True, etag=sent["ETag"]))
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_file_of_the_pages_asks_no_other_site(path: Path) -> None:
    text = path.read_text()
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", text)) - {"http://www.w3.org/2000/svg"}
    assert addresses == set()
    assert not re.search(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval)\b|style=|\son\w+=\"", text)


def test_every_module_that_is_imported_is_there() -> None:
    for script in FOLDER.rglob("*.js"):
        for name in re.findall(r"""(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""", script.read_text()):
            assert (script.parent / name).resolve().is_file(), f"{script.name} imports {name}"


@pytest.mark.parametrize(("path", "script"), [
    ("/", "now_showing"), ("/film/amelie", "film"), ("/screening/x", "screening"), ("/order/x", "order"),
    ("/account", "account"), ("/confirm", "confirm"), ("/kitchen", "kitchen")])
def test_a_page_asks_at_once_for_the_modules_it_will_import_and_for_no_others(path: str, script: str) -> None:
    html = WEB.page(Request("GET", path, "r", browses=True)).body.decode()
    named = re.findall(r'<link rel="modulepreload" href="/web/([^"]+)">', html)
    assert len(named) == len(set(named))
    assert {"app.js", f"pages/{script}.js"} <= set(named)
    imported = {(FOLDER / name).parent / other for name in named
                for other in re.findall(r"""^import[^"]*"(\.[^"]+)";""", (FOLDER / name).read_text(), re.MULTILINE)}
    assert {file.resolve() for file in imported} | {FOLDER / "app.js", FOLDER / f"pages/{script}.js"} == {
        FOLDER / name for name in named}


def test_modules_that_import_each_other_are_asked_for_once(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "index.html").write_text("<head></head>")
    (tmp_path / "app.js").write_text('import { b } from "./b.js";\n')
    (tmp_path / "b.js").write_text('import {\n  a,\n} from "./app.js";\n')
    for page in ("now_showing", "film", "screening", "order", "account", "confirm", "kitchen"):
        (tmp_path / "pages" / f"{page}.js").write_text("")
    page = Web(tmp_path).files()["/"].body.decode()
    assert re.findall(r'href="([^"]+)"', page) == ["/web/app.js", "/web/pages/now_showing.js", "/web/b.js"]
