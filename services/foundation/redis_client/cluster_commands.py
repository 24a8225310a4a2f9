"""redis-py's cluster and its pipelines, with its errors, repetitions and spans as a room needs them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis._parsers.commands import CommandPolicies, RequestPolicy, ResponsePolicy
from redis.cluster import ClusterPipeline, RedisCluster
from redis.commands.policies import StaticPolicyResolver
from redis.exceptions import ClusterDownError, RedisClusterException, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError

KEYED = CommandPolicies(request_policy=RequestPolicy.DEFAULT_KEYED, response_policy=ResponsePolicy.DEFAULT_KEYED)


class Cluster(RedisCluster):
    """redis-py's cluster. It repeats a command whose connection broke, but none whose answer did not come in time."""

    ERRORS_ALLOW_RETRY = (RedisConnectionError, ClusterDownError)  # type: ignore[assignment]


class TracedClusterPipeline(ClusterPipeline):
    """redis-py's pipeline for a cluster; it has one span, however many commands it sends."""

    def __init__(self, cluster: Cluster, span: Any) -> None:
        super().__init__(
            nodes_manager=cluster.nodes_manager, commands_parser=cluster.commands_parser,
            startup_nodes=list(cluster.nodes_manager.startup_nodes.values()), result_callbacks=cluster.result_callbacks,
            cluster_response_callbacks=cluster.cluster_response_callbacks, retry=cluster.retry,
            policy_resolver=ScriptPolicies())
        self._span = span

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Send the commands and return the answers, in their order."""
        with self._span("PIPELINE"), redis_errors():
            return list(super().execute(raise_on_error))


class ScriptPolicies(StaticPolicyResolver):
    """Sends scripts where their keys are. In a pipeline, redis-py asks a server for the keys of each of them."""

    def resolve(self, command_name: str) -> Any:
        """The policies of a command; EVALSHA has those of any command with keys, such as `EXISTS`."""
        return super().resolve(command_name) if command_name != "evalsha" else KEYED


@contextmanager
def redis_errors() -> Iterator[None]:
    """What redis-py raises beside its RedisError: no node answers, or a part of the cluster has no master."""
    try:
        yield
    except RedisClusterException as problem:
        cause = problem.__cause__    # such as that the password is wrong
        raise cause if isinstance(cause, RedisError) else RedisConnectionError(str(problem)) from problem
