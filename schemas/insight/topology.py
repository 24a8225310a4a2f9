"""The picture of the mesh: who calls whom."""

from marshmallow import fields, validate

from schemas.base import Method, Schema
from schemas.fields import Moment, Whole

# What stands in the picture: the clients of the gateway, processes of ours, and what these use.
NODE_KINDS = ("clients", "gateway", "room", "broker", "cache", "database", "provider", "mail")
LONGEST_WINDOW = 180  # minutes


class TopologyRequest(Schema):
    """How far back the picture looks."""

    minutes = Whole(load_default=15, validate=validate.Range(min=1, max=LONGEST_WINDOW))


class Flow(Schema):
    """What went along an edge, or into a node. The spans of calls that were not sampled are not counted."""

    calls_a_minute = fields.Float(required=True)
    error_share = fields.Float(required=True, metadata={"description": "from 0 to 1"})
    p50 = Whole(required=True, allow_none=True, metadata={"description": "microseconds, within a tenth"})
    p95 = Whole(required=True, allow_none=True, metadata={"description": "microseconds, within a tenth"})


class Instance(Schema):
    """A process whose spans have arrived."""

    instance = fields.String(required=True)
    last_seen_at = Moment(required=True)
    spans = Whole(required=True)
    dropped = Whole(required=True, metadata={"description": "spans lost on their way here, as far as is known"})


class Node(Flow):
    """A room, or something that rooms use; its statistics are those of all that comes in."""

    name = fields.String(required=True, metadata={"description": "such as order, mariadb, smtp, clients"})
    kind = fields.String(required=True, validate=validate.OneOf(NODE_KINDS))
    instances = fields.List(fields.Nested(Instance), required=True)


class Edge(Flow):
    """Calls, statements or messages from one node to another."""

    caller = fields.String(required=True)
    callee = fields.String(required=True)


class TopologyReply(Schema):
    """Who called whom since `since`."""

    since = Moment(required=True)
    server_time = Moment(required=True)
    spans = Whole(required=True, metadata={"description": "that arrived since then"})
    dropped = Whole(required=True, metadata={"description": "that were lost on their way since then"})
    nodes = fields.List(fields.Nested(Node), required=True)
    edges = fields.List(fields.Nested(Edge), required=True)


GET_TOPOLOGY = Method("insight", "get_topology", TopologyRequest, TopologyReply, "manager",
                      "Who calls whom, how often, how fast and with how many errors.", reads=True)
