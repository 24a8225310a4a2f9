"""The buyer's pages: the files of web/, and the one page that stands wherever a buyer can be."""

import re
from pathlib import Path

from gateway import directory
from gateway.answers import Answer
from gateway.messages import Headers, Reply, Request
from gateway.replies import JSON_HEADERS
from schemas.gateway import UnknownPath

FOLDER = Path(__file__).resolve().parents[1] / "web"
PAGE = re.compile(r"/(?:(?:film|screening|order)/[A-Za-z0-9_-]{1,64}|account)")
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

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {f"/web/{path.relative_to(folder).as_posix()}": _answer(path)
                       for path in sorted(folder.rglob("*")) if path.suffix in TYPES}
        self._page = self._files.pop("/web/index.html")

    def files(self) -> dict[str, Answer]:
        """What stands at fixed addresses, the front page included."""
        return {"/": self._page, **self._files}

    def serves(self, path: str) -> bool:
        """Whether this is a page's address, such as /film/amelie; a method of that name comes first."""
        return PAGE.fullmatch(path) is not None and directory.find(path) is None

    def page(self, request: Request) -> Reply:
        """The page, for a browser that goes there; whoever calls an API is told that there is no such method."""
        if request.verb not in READS or not request.browses:
            raise UnknownPath()
        return self._page.reply(request)


def _answer(path: Path) -> Answer:
    headers: Headers = [
        ("Content-Type", TYPES[path.suffix]),
        *[(name, value) for name, value in JSON_HEADERS[1:] if name != "Content-Security-Policy"],
        ("Content-Security-Policy", POLICY),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ]
    return Answer(headers, path.read_bytes())
