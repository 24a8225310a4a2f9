"""A caller whose COMMIT got lost is told so, and gets the outcome by repeating the call under the same key."""

import threading
from collections.abc import Callable

import pytest
from nameko.standalone.rpc import ClusterRpcClient

from schemas.errors import OutcomeUnknown
from testbed.mesh import Mesh
from tests.drivers.relay import Relay
from tests.integration.foundation.news import News


class LostCommit:
    """Of the transaction that says a word, the COMMIT gets lost: on its way there, or its answer on the way back."""

    def __init__(self, word: bytes, lose: str) -> None:
        self._word, self._lose = word, lose
        self._speaker: int | None = None  # each connection has a thread of the relay
        self._committing = self.is_lost = False

    def on_request(self, piece: bytes) -> bool:
        if self._word in piece:
            self._speaker = threading.get_ident()
        if self._speaker == threading.get_ident():
            self._committing = b"COMMIT" in piece
        return not self._loses("request")

    def on_reply(self, piece: bytes) -> bool:
        return not self._loses("reply")

    def _loses(self, where: str) -> bool:
        mine = self._committing and self._speaker == threading.get_ident()
        loses = mine and not self.is_lost and where == self._lose
        self.is_lost = self.is_lost or loses
        return loses


@pytest.mark.parametrize("lose", ["request", "reply"])
def test_a_call_whose_commit_got_lost_has_one_effect_when_it_is_repeated(
    news: News, servers: Mesh, relay: Callable[..., Relay], lose: str,
) -> None:
    line = LostCommit(b"INSERT INTO outbox", lose)
    wire = relay(servers.environment["MARQUEE_DB_PORT"], on_request=line.on_request, on_reply=line.on_reply)
    news.run(environment={"MARQUEE_DB_PORT": wire.port})
    with ClusterRpcClient(timeout=30, context_data={"idempotency_key": "k1"}) as caller:
        with pytest.raises(OutcomeUnknown):
            caller.news.happen(about=["a"])
        assert line.is_lost
        assert caller.news.happen(about=["a"]) == {}
    news.wait_for("a")
    assert [row.about for row in news.rows("SELECT about FROM outbox")] == ["a"]
