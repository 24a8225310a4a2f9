"""Plain JSON between rooms.

kombu's own JSON turns objects such as {"__type__": ..} into Python types, so that a caller's free text
could hang a worker (references: kombu/utils/json.py); here text stays text.
"""

from typing import Any

import orjson
from nameko.exceptions import get_module_path
from nameko.exceptions import registry as remote_exceptions

from schemas import catalogue


def encode(body: Any) -> bytes:
    # marshmallow names the places of a list by number
    return orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)


def decode(body: Any) -> Any:
    return orjson.loads(body)


# A refusal raised in one room is caught as itself in another.
for _refusal in catalogue.refusals().values():
    remote_exceptions[get_module_path(_refusal)] = _refusal
