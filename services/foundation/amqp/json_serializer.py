"""Plain JSON between rooms.

kombu's own JSON turns objects such as {"__type__": ..} into Python types (kombu/utils/json.py), so a caller's free text
could hang a worker. Here text stays text.
"""

from typing import Any

import orjson
from nameko.exceptions import get_module_path
from nameko.exceptions import registry as remote_exceptions

from schemas import catalogue


def encode(body: Any) -> bytes:
    """A message body as JSON; numbers as names, by which marshmallow refers to list elements, become text.

    Raises TypeError, which kombu turns into EncodeError, for what JSON can't hold.
    """
    return orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)


def decode(body: Any) -> Any:
    """The Python value of a JSON body. Raises orjson.JSONDecodeError, also for NaN and broken UTF-8."""
    return orjson.loads(body)


# A refusal raised in one room is caught as itself in another.
for _refusal in catalogue.refusals().values():
    remote_exceptions[get_module_path(_refusal)] = _refusal
