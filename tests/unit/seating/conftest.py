import pytest

from services.seating.chart import lay_out


@pytest.fixture(autouse=True)
def forget_charts() -> None:
    """A chart that another test has laid out would hide what is wrong with laying it out now."""
    lay_out.cache_clear()
