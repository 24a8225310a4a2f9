"""The files of web/: the buyer's pages, their scripts and styles."""

import posixpath
import re
from dataclasses import replace
from pathlib import Path

from gateway.caches.cached_response import BROTLI, GZIP, CachedResponse
from gateway.http.messages import Headers, Reply, Request
from gateway.replies import JSON_HEADERS
from gateway.routes.route import PageReply

FOLDER = Path(__file__).resolve().parents[2] / "web"
FRONT = "now_showing"
PAGES = (FRONT, "film", "screening", "order", "receipt", "account", "confirm", "forgotten", "reset", "kitchen",
         "door", "insight")
IMPORT = re.compile(r"""^import\b[^"';]*["'](\.[^"']+)["']""", re.MULTILINE)
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
# Its pages are those of orders, which it shows without a network.
SERVICE_WORKER, SCOPE = "/web/order/offline/worker.js", "/order/"
# Only these files run or style a page, and no script can turn text into markup. The policy "tickets" names the worker.
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
          "trusted-types tickets; require-trusted-types-for 'script'")


class WebPages:
    """The files of a folder, read once and sent with an ETag and zipped, and the pages that index.html becomes."""

    def __init__(self, folder: Path = FOLDER, test: bool = False, most_seats: int = 8) -> None:
        """`test`: this is a demonstration, and every page says so. `most_seats`: that an order may have."""
        files = {f"/web/{path.relative_to(folder).as_posix()}": path.read_bytes()
                 for path in sorted(folder.rglob("*")) if path.suffix in TYPES}
        marks = "data-test " * test + f'data-most-seats="{most_seats}"'
        html = files.pop("/web/index.html").replace(b"<html ", f"<html {marks} ".encode(), 1)
        self._not_found = _page(_with_preloads(html, files))
        self._pages = {name: _page(_with_preloads(html, files, name)) for name in PAGES}
        self._files = {path: _file(path, body) for path, body in files.items()}

    def files(self) -> dict[str, PageReply]:
        """Each file by its path, the front page included."""
        return {path: response.reply for path, response in {"/": self._pages[FRONT], **self._files}.items()}

    def page(self, request: Request) -> Reply:
        """The page that the request's parameter names, such as "film"."""
        return self._pages[request.parameter].reply(request)

    def not_found(self, request: Request) -> Reply:
        """404, with a page that tells a person so."""
        return replace(self._not_found.reply(replace(request, if_none_match=None)), status=404)


def _with_preloads(html: bytes, files: dict[str, bytes], *pages: str) -> bytes:
    """Name every module that a page imports, so that a browser fetches them side by side instead of one by one."""
    scripts = _with_imports(files, ["/web/app.js", *(f"/web/pages/{page}.js" for page in pages)])
    links = "".join(f'<link rel="modulepreload" href="{path}">\n' for path in scripts)
    return html.replace(b"</head>", links.encode() + b"</head>")


def _with_imports(files: dict[str, bytes], scripts: list[str]) -> list[str]:
    """These scripts and all that they import, directly or not."""
    found = list(scripts)
    for script in found:  # the list grows meanwhile
        for name in IMPORT.findall(files[script].decode()):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(script), name))
            if path not in found:
                found.append(path)
    return found


def _page(html: bytes) -> CachedResponse:
    return _response(".html", html, [*_with_policy(JSON_HEADERS[1:]), ("Cross-Origin-Opener-Policy", "same-origin")])


def _file(path: str, body: bytes) -> CachedResponse:
    """A script, style or picture of a page, whose policy is the page's; a worker needs one of its own."""
    headers = JSON_HEADERS[1:]
    if path == SERVICE_WORKER:
        headers = [*_with_policy(headers), ("Service-Worker-Allowed", SCOPE)]
    return _response(posixpath.splitext(path)[1], body, headers)


def _with_policy(headers: Headers) -> Headers:
    return [(name, POLICY if name == "Content-Security-Policy" else value) for name, value in headers]


def _response(suffix: str, body: bytes, headers: Headers) -> CachedResponse:
    return CachedResponse([("Content-Type", TYPES[suffix]), *headers], body, (BROTLI, GZIP))
