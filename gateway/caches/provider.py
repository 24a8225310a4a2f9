"""The caches of a gateway process, as a dependency of its service."""

from typing import Any

from nameko.extensions import DependencyProvider

from gateway.caches.principals import PrincipalCache
from gateway.caches.responses import ResponseCache
from gateway.settings import gateway_settings


class Caches(DependencyProvider):
    """Injects itself: `responses` of hot reads, and `principals` by token."""

    def setup(self) -> None:
        self.responses = ResponseCache()
        self.principals = PrincipalCache(gateway_settings().token_cache_seconds)

    def get_dependency(self, worker_ctx: Any) -> "Caches":
        return self
