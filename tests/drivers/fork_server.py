"""A process in which the libraries of a room are imported; it forks others that run `nameko` from there.

It reads requests, each a line of JSON, and answers each with a line: to {"arguments", "environment", "log"} with the id
of the new process, to {"pid"} with the exit code of that process, negative for a signal, or null while it runs.
"""

import json
import os
import sys
from typing import Any


def serve() -> dict[str, Any]:
    """Answer requests until a process is forked, and return its request there; end when nobody can ask any more."""
    exit_codes: dict[int, int] = {}
    for line in sys.stdin.buffer:
        request = dict(json.loads(line))
        if pid := request.get("pid"):
            if pid not in exit_codes and (ended := os.waitpid(pid, os.WNOHANG))[0]:
                exit_codes[pid] = os.waitstatus_to_exitcode(ended[1])
            answer = exit_codes.get(pid)
        else:
            answer = os.fork()
            if not answer:
                return request
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    sys.exit()


def become(request: dict[str, Any]) -> list[str]:
    """Turn into the process that was asked for; the arguments of its `nameko`."""
    hubs.use_hub()   # of its own: the one that was there waits by a file descriptor of the process that forks
    os.environ.clear()
    os.environ.update(request["environment"])
    with open(os.devnull, "rb") as nothing, open(request["log"], "ab") as log:
        for own, inherited in ((nothing, sys.stdin), (log, sys.stdout), (log, sys.stderr)):
            os.dup2(own.fileno(), inherited.fileno())
    return list(request["arguments"])


if __name__ == "__main__":
    import eventlet

    eventlet.monkey_patch()   # before anything else is imported, as `nameko run` does

    import nameko.cli.run  # noqa: F401
    from eventlet import hubs
    from nameko.cli import cli

    from services.foundation import container, database, logs, redis_client, timers  # noqa: F401
    from services.foundation.events import consumers, relay  # noqa: F401
    from services.foundation.rpc import calls, client, idempotency  # noqa: F401

    cli.main(become(serve()), prog_name="nameko")
