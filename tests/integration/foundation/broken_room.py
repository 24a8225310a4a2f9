"""A room one of whose providers fails, in the hook that the test names."""

from typing import Any

from nameko import config
from nameko.extensions import DependencyProvider

from schemas.base import Method, Nothing
from services.foundation.rpc.calls import PrincipalProvider, call

NAME = f"broken_{config['BREAKS_IN']}"
TOUCH = Method(NAME, "touch", Nothing, Nothing, "public", "Nothing.", deadline=2)


class Fragile(DependencyProvider):
    def _maybe(self, hook: str) -> None:
        if config["BREAKS_IN"] == hook:
            raise ZeroDivisionError(hook)

    def get_dependency(self, worker_ctx: Any) -> None:
        self._maybe("get_dependency")

    def worker_setup(self, worker_ctx: Any) -> None:
        self._maybe("worker_setup")

    def worker_result(self, worker_ctx: Any, result: Any = None, exc_info: Any = None) -> None:
        self._maybe("worker_result")

    def worker_teardown(self, worker_ctx: Any) -> None:
        self._maybe("worker_teardown")


class Broken:
    name = NAME

    principal = PrincipalProvider()
    fragile = Fragile()

    @call(TOUCH)
    def touch(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do nothing."""
        return {}
