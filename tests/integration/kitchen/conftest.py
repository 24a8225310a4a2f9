from collections.abc import Iterator

import nameko
import pytest
from sqlalchemy import Engine, delete, insert

from rehearsal.mesh import Mesh
from services.foundation import migrate
from services.foundation.database import Transactions, make_engine
from services.kitchen.models import Base


@pytest.fixture(scope="session")
def kitchen_engine(servers: Mesh) -> Iterator[Engine]:
    """The kitchen room's schema, as its migrations make it."""
    with nameko.config.patch(servers.settings):
        migrate.upgrade("kitchen")
        engine = make_engine(servers.settings["DB_URIS"]["kitchen:Base"])
    yield engine
    engine.dispose()


@pytest.fixture
def kitchen(kitchen_engine: Engine) -> Transactions:
    """Its tables, empty."""
    with kitchen_engine.begin() as tx:
        for table in Base.metadata.sorted_tables:
            tx.execute(delete(table))
    return Transactions(kitchen_engine)


def put_on_the_menu(kitchen: Transactions, **stock: int) -> None:
    """Snacks at 500 EUR cents in the cinema `kanal`, so many of each."""
    kitchen.run(lambda tx: tx.execute(insert(Base.metadata.tables["snack"]), [
        {"cinema_id": "kanal", "sku": sku, "name": sku.title(), "name_zh": None, "category": "snack", "price": 500,
         "currency": "EUR", "place": 0, "left_over": left, "supplied": left} for sku, left in stock.items()]))
