"""What unit tests of all parts share."""

from collections.abc import Iterator

import pytest

from tests.drivers.recorded_spans import RecordedSpans, recorded_spans


@pytest.fixture
def recorded() -> Iterator[RecordedSpans]:
    """Every trace that begins meanwhile is recorded, and its spans are kept in memory."""
    with recorded_spans() as spans:
        yield spans
