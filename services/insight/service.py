"""The insight room: the traces of the mesh, kept for a while, and the picture that they make."""

import datetime as dt
import logging
from typing import Any

from schemas import insight as contract
from schemas.errors import NotFound
from services.foundation.amqp.presence import Presence
from services.foundation.database import Database, utc_now
from services.foundation.purging import purge
from services.foundation.readiness.storage import storage
from services.foundation.rpc.calls import PrincipalProvider, call
from services.foundation.settings import RoomSettings
from services.foundation.timers import StopSignal, every
from services.insight import ingestion_store, purging_store, rules, store, topology
from services.insight.batches import on_batches
from services.insight.models import Base
from services.insight.settings import InsightSection

log = logging.getLogger("marquee.insight")
Fields = dict[str, Any]


class Insight:
    """Keeps the spans that other processes send, as many and as long as config.yml says, and shows them to managers."""

    name = "insight"

    principal = PrincipalProvider()
    database = Database(Base)
    settings = RoomSettings(InsightSection)
    is_stopping = StopSignal()
    presence = Presence()

    @call(contract.GET_TOPOLOGY)
    def get_topology(self, request: Fields) -> Fields:
        """Who has called whom in the last minutes, the present one included."""
        return self.database.read(lambda tx: topology.read(tx, request["minutes"], utc_now()))

    @call(contract.GET_TRACES)
    def get_traces(self, request: Fields) -> Fields:
        """Traces, the newest first; `next_cursor` asks for the next page."""
        limit = request["limit"]
        found = self.database.read(lambda tx: store.find_traces(tx, request, limit + 1))
        return {"traces": [_line(row) for row in found[:limit]],
                "next_cursor": rules.cursor(found[limit - 1].started_at, found[limit - 1].trace_id)
                if len(found) > limit else None}

    @call(contract.GET_TRACE)
    def get_trace(self, request: Fields) -> Fields:
        """A trace with its spans and what it is linked with. Raises NotFound for one that is not kept (any more)."""
        trace_id = request["trace_id"]

        def read(tx: Any) -> Fields:
            if (found := store.find_trace(tx, trace_id)) is None:
                raise NotFound()
            follows, followers = store.linked(tx, found)
            return {"trace": _line(found), "spans": store.spans_of(tx, trace_id), "follows": follows,
                    "followed_by": followers}

        return self.database.read(read)

    @on_batches
    def keep_spans(self, batches: list[Fields]) -> None:
        """Keep the spans of processes, without those whose time is over or to come; none while storage is low."""
        now, kept = utc_now(), dt.timedelta(hours=self.settings.kept_hours)
        is_low = storage().is_low()
        received = []
        for batch in batches:
            current = [span for span in batch["spans"] if not is_low
                       and rules.is_current(span, _microseconds(now), int(kept.total_seconds() * 1_000_000))]
            received.append(ingestion_store.ReceivedBatch(batch["room"], batch["instance"], current,
                                                          batch["dropped"] + len(batch["spans"]) - len(current)))
        self.database.run_repeatable(lambda tx: ingestion_store.ingest(tx, received, now))

    @every("purge_seconds")
    def purge(self) -> None:
        """Delete what is too old or too much."""
        try:
            oldest = utc_now() - dt.timedelta(hours=self.settings.kept_hours)
            before = self.database.read(
                lambda tx: purging_store.horizon(tx, _microseconds(oldest), self.settings.kept_spans))
            purge(self.database, self.is_stopping,
                  lambda tx: purging_store.purge_traces(tx, before),
                  lambda tx: purging_store.purge_counts(tx, int(oldest.timestamp()) // 60))
        except Exception as problem:  # it is tried again at the next tick; the room goes on
            log.warning("could not purge spans", extra={"problem": f"{type(problem).__name__}: {problem}"})


def _microseconds(moment: dt.datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def _line(row: Any) -> Fields:
    return {**row._mapping, "whole_duration": row.ended_at - row.started_at,
            "started_at": dt.datetime.fromtimestamp(row.started_at / 1_000_000, dt.UTC)}
