"""The index of all films, in each process, made anew when a film has come or changed."""

from typing import Any

from eventlet import tpool
from eventlet.semaphore import Semaphore
from nameko.extensions import DependencyProvider

from services.film import store
from services.film.search.film_index import FilmIndex
from services.foundation.database import Transactions


class FilmSearch(DependencyProvider):
    """Injects itself: `self.film_search.find(self.database, text)`."""

    def __init__(self) -> None:
        self._index = FilmIndex(())
        self._version: Any = None
        self._making = Semaphore()

    def get_dependency(self, worker_ctx: Any) -> "FilmSearch":
        return self

    def find(self, database: Transactions, text: str) -> list[str]:
        """The ids of the films that somebody who typed this may mean, the best match first."""
        with self._making:
            version = database.read(store.films_version)
            if version != self._version:
                films = database.read(store.films_to_index)
                self._index, self._version = tpool.execute(FilmIndex, films), version  # a second for 10,000 films
        return self._index.search(text)
