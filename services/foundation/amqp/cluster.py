"""RabbitMQ as a cluster: `AMQP_URI` names its nodes, one address after another with semicolons between them.

A classic queue is on one node. If it is durable, nobody can declare it again while that node is down; a transient one
ends with its node. So in a cluster the queues that end with their consumers anyway are transient, and consumers make
them anew on another node. What must not be lost is in quorum queues, with a copy on each node.
"""

from nameko import config


def is_cluster() -> bool:
    """Whether RabbitMQ has several nodes."""
    return ";" in str(config.get("AMQP_URI"))
