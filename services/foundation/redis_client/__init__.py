"""Redis for a room, one server or a cluster; `connect` makes a client of either by its address."""

from services.foundation.redis_client.client import OPTIONS as OPTIONS
from services.foundation.redis_client.client import Redis as Redis
from services.foundation.redis_client.client import RedisError as RedisError
from services.foundation.redis_client.client import connect as connect
from services.foundation.redis_client.client import limits_storage as limits_storage
from services.foundation.redis_client.client import run_for_each as run_for_each
