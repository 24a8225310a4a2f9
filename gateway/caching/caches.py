"""What a gateway process remembers: answers and callers."""

from typing import Any

from nameko import config
from nameko.extensions import DependencyProvider

from gateway.caching.response_cache import Cache
from gateway.principals import Callers


class Memory(DependencyProvider):
    def setup(self) -> None:
        self.cache = Cache()
        self.callers = Callers(float(config["gateway"]["token_cache_seconds"]))

    def get_dependency(self, worker_ctx: Any) -> "Memory":
        return self
