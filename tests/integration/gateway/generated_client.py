"""A client that openapi-python-client generates from the gateway's own document, and what it was answered."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import requests

PACKAGE = "marquee_client"


class GeneratedClient:
    """Calls methods by their names through the generated code; `answers` has the JSON of each method's first answer."""

    def __init__(self, url: str) -> None:
        self.answers: dict[str, Any] = {}
        self._url, self._token = url, ""

    def sign_in(self, token: str) -> None:
        """Send this token from now on."""
        self._token = token

    def call(self, method: str, /, key: str | None = None, **fields: Any) -> Any:
        """The typed answer of a method such as `order.buy`, as the generated code reads it. Fails at a refusal."""
        room, name = method.split(".")
        function = importlib.import_module(f"{PACKAGE}.api.{room}.{room}_{name}")
        arguments: dict[str, Any] = {"idempotency_key": key} if key else {}
        if body := function.sync_detailed.__annotations__.get("body"):
            kind = next(each for each in getattr(body, "__args__", (body,)) if hasattr(each, "from_dict"))
            arguments["body"] = kind.from_dict(fields)
        response = function.sync_detailed(client=self._client(), **arguments)
        assert response.status_code == 200, response.content
        self.answers.setdefault(method, json.loads(response.content))
        assert response.parsed.to_dict().keys() == json.loads(response.content).keys(), "the document names all fields"
        return response.parsed

    def _client(self) -> Any:
        package = importlib.import_module(PACKAGE)
        timeout = httpx.Timeout(60)
        if not self._token:
            return package.Client(base_url=self._url, timeout=timeout)
        return package.AuthenticatedClient(base_url=self._url, token=self._token, timeout=timeout)


@contextmanager
def generated_client(url: str, folder: Path) -> Iterator[GeneratedClient]:
    """A client generated in this folder. Fails if the generator has to leave anything out."""
    document, config = folder / "openapi.json", folder / "config.yml"
    document.write_bytes(requests.get(f"{url}/openapi.json", timeout=30).content)
    config.write_text("post_hooks: []\n")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("openapi-python-client")), "generate", "--path", str(document),
         "--meta", "none", "--output-path", str(folder / PACKAGE), "--config", str(config), "--fail-on-warning"],
        capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    _leave_names_alone(folder / PACKAGE / "models")
    sys.path.insert(0, str(folder))
    try:
        yield GeneratedClient(url)
    finally:
        sys.path.remove(str(folder))


def _leave_names_alone(models: Path) -> None:
    """The generator (0.29) takes the field `cast` of a film for typing.cast: import that under another name."""
    for file in models.glob("*.py"):
        code = file.read_text()
        file.write_text(code.replace("import cast\n", "import cast as as_type\n").replace("cast(", "as_type("))
