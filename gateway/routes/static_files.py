"""The buyer's pages: the files of web/, and the one page that stands wherever a buyer can be."""

import posixpath
import re
from dataclasses import replace
from pathlib import Path

from gateway.caching.cached_response import Answer
from gateway.http.messages import Headers, Reply, Request
from gateway.replies import JSON_HEADERS
from gateway.routes import methods
from schemas.gateway import UnknownPath

FOLDER = Path(__file__).resolve().parents[2] / "web"
FRONT = "now_showing"
PAGE = re.compile(r"/(?:(film|screening|order)/[A-Za-z0-9_-]{1,64}|(account|confirm|kitchen))")
IMPORT = re.compile(r"""^import\b[^"';]*["'](\.[^"']+)["']""", re.MULTILINE)
READS = ("GET", "HEAD")
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
# Scripts and styles are files of ours and nothing else; no script can turn text into markup.
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
          "trusted-types 'none'; require-trusted-types-for 'script'")


class Web:
    """Read once, when the gateway starts; each file is sent with an ETag, and zipped."""

    def __init__(self, folder: Path = FOLDER, test: bool = False) -> None:
        """`test`: this is a demonstration, and every page shall say so."""
        files = {f"/web/{path.relative_to(folder).as_posix()}": path.read_bytes()
                 for path in sorted(folder.rglob("*")) if path.suffix in TYPES}
        html = files.pop("/web/index.html")
        if test:
            html = html.replace(b"<html ", b"<html data-test ", 1)
        self._nowhere = _answer(".html", _with_preloads(html, files))
        self._pages = {name: _answer(".html", _with_preloads(html, files, name))
                       for name in (FRONT, "film", "screening", "order", "account", "confirm", "kitchen")}
        self._files = {path: _answer(posixpath.splitext(path)[1], body) for path, body in files.items()}

    def files(self) -> dict[str, Answer]:
        """What stands at fixed addresses, the front page included."""
        return {"/": self._pages[FRONT], **self._files}

    def serves(self, path: str) -> bool:
        """Whether this is a page's address, such as /film/amelie; a method of that name comes first."""
        return PAGE.fullmatch(path) is not None and methods.find(path) is None

    def page(self, request: Request) -> Reply:
        """The page, for a browser that goes there; whoever calls an API is told that there is no such method."""
        _refuse_programs(request)
        place = PAGE.fullmatch(request.path)
        return self._pages[place[1] or place[2] if place else FRONT].reply(request)

    def nowhere(self, request: Request) -> Reply:
        """What stands at any other address: for a person a page that says so. Raises UnknownPath for anyone else."""
        _refuse_programs(request)
        return replace(self._nowhere.reply(replace(request, etag=None)), status=404)


def _refuse_programs(request: Request) -> None:
    if request.verb not in READS or not request.browses:
        raise UnknownPath()


def _with_preloads(html: bytes, files: dict[str, bytes], *pages: str) -> bytes:
    """The page names every module that it will import, so that a browser fetches them side by side, not one by one."""
    scripts = _with_imports(files, ["/web/app.js", *(f"/web/pages/{page}.js" for page in pages)])
    links = "".join(f'<link rel="modulepreload" href="{path}">\n' for path in scripts)
    return html.replace(b"</head>", links.encode() + b"</head>")


def _with_imports(files: dict[str, bytes], scripts: list[str]) -> list[str]:
    """These scripts, all that they import, and so on."""
    found = list(scripts)
    for script in found:  # which grows meanwhile
        for name in IMPORT.findall(files[script].decode()):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(script), name))
            if path not in found:
                found.append(path)
    return found


def _answer(suffix: str, body: bytes) -> Answer:
    headers: Headers = [
        ("Content-Type", TYPES[suffix]),
        *[(name, value) for name, value in JSON_HEADERS[1:] if name != "Content-Security-Policy"],
        ("Content-Security-Policy", POLICY),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ]
    return Answer(headers, body)
