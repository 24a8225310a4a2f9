"""The control: the echo room as Nameko's documentation would write it."""

import time

from nameko import config
from nameko.extensions import DependencyProvider
from nameko.rpc import rpc
from redis import Redis


class StockRedis(DependencyProvider):
    def setup(self) -> None:
        self.client = Redis.from_url(config["REDIS_URI"])

    def get_dependency(self, worker_ctx: object) -> Redis:
        return self.client


class StockEcho:
    name = "stock_echo"
    redis = StockRedis()

    @rpc
    def say(self, text: object) -> object:
        return text

    @rpc
    def wait(self, note: str, seconds: float) -> None:
        self.redis.incr(f"begun:{note}")
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and not self.redis.get(f"finish:{note}"):
            time.sleep(0.05)
        self.redis.incr(f"done:{note}")
