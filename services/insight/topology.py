"""The picture of the mesh: nodes with their processes, and edges, with the statistics of some minutes."""

import datetime as dt
from collections import defaultdict
from typing import Any

from sqlalchemy.engine import Connection

from services.insight import rules, store

Fields = dict[str, Any]
KINDS = {rules.CLIENTS: "clients", "gateway": "gateway", "rabbitmq": "broker", "redis": "cache", "mariadb": "database",
         "provider": "provider", "smtp": "mail"}   # by name; every other node is a room


def read(tx: Connection, minutes: int, now: dt.datetime) -> Fields:
    """Who called whom in the last minutes; the reply, a schemas.insight.TopologyReply."""
    first = int(now.timestamp()) // 60 - minutes + 1     # the current minute is the last of them
    since = dt.datetime.fromtimestamp(first * 60, dt.UTC)
    edges = defaultdict[tuple[str, str], rules.CallStatistics](rules.CallStatistics)
    nodes = defaultdict[str, rules.CallStatistics](rules.CallStatistics)
    for flow in store.flows_since(tx, first):
        count = int(flow.calls), int(flow.errors)
        edges[flow.caller, flow.callee].add(flow.bucket, *count)
        nodes[flow.callee].add(flow.bucket, *count)
        nodes[flow.caller]   # it is there, even if nothing comes in
    instances = defaultdict[str, list[Fields]](list)
    for arrival in store.arrivals_since(tx, first):
        instances[arrival.room].append({"instance": arrival.instance, "last_seen_at": arrival.last_seen_at,
                                        "spans": int(arrival.spans), "dropped": int(arrival.dropped)})
        nodes[arrival.room]
    over = max((now - since).total_seconds(), 1) / 60   # at the very beginning of a minute nothing has passed yet
    processes = [each for some in instances.values() for each in some]
    return {
        "since": since, "server_time": now,
        **{name: sum(each[name] for each in processes) for name in ("spans", "dropped")},
        "nodes": [{"name": name, "kind": KINDS.get(name, "room"), "instances": instances.get(name, []),
                   **statistics.over(over)} for name, statistics in sorted(nodes.items())],
        "edges": [{"caller": caller, "callee": callee, **statistics.over(over)}
                  for (caller, callee), statistics in sorted(edges.items())],
    }
