"""What the methods have answered in a real purchase, as examples. A test records the file, and compares it with the
answers of the day.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("answers.json")


@cache
def recorded() -> dict[str, Any]:
    """The recorded answers, by method, such as `order.buy`."""
    return dict(json.loads(FILE.read_text(encoding="utf-8")))
