"""Which processes run, whether the mesh is ready, and why it is not."""

import datetime as dt
import http.client
import json
import time
from collections import defaultdict
from typing import Any

from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.processes.log_format import format_line
from operations.processes.stop import mesh_processes
from operations.supervision.supervisor import Supervisor

READY_SECONDS = 120
TRIES = 3
LAST_LINES, LONGEST_LINE = 12, 500


def get_ready(mesh: Mesh) -> tuple[int, str]:
    """The status and body of GET /ready; status 0 and the error when the gateway does not answer."""
    connection = http.client.HTTPConnection(*mesh.web_address, timeout=5)
    try:
        connection.request("GET", "/ready")
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()


def get_status(mesh: Mesh) -> dict[str, Any]:
    """What `operations status --json` prints, whatever state the mesh is in.

    `running`: supervisord runs and answers. `processes`: `state` is supervisord's name for it, or ORPHANED for one that
    a dead supervisord has left behind; `since` is null for one that does not run. `ready`: the answer of GET /ready,
    or null without one, also where something else answers at its port.
    """
    supervisor = Supervisor(mesh.run_folder)
    processes = [_described(each) for each in supervisor.processes()] if (running := supervisor.is_running()) else [
        {"name": program, "program": program, "state": "ORPHANED", "pid": orphan.pid, "since": None}
        for orphan, program in mesh_processes(mesh.run_folder)]
    status, body = get_ready(mesh)
    try:
        ready = json.loads(body) if status else None
    except ValueError:
        ready = None
    return {"running": running, "url": mesh.url, "processes": processes, "ready": ready}


def _described(process: dict[str, Any]) -> dict[str, Any]:
    runs = bool(process["pid"])
    since = dt.datetime.fromtimestamp(process["start"], dt.UTC).isoformat() if runs else None
    return {"name": process["name"], "program": process["group"], "state": process["statename"],
            "pid": process["pid"] or None, "since": since}


def is_ready(mesh: Mesh) -> bool:
    return get_ready(mesh)[0] == 200


def wait_until_ready(mesh: Mesh, supervisor: Supervisor) -> None:
    """Return when the mesh is ready.

    Raises OperatorError with the reason when a process fails to start TRIES times, or READY_SECONDS have passed.
    """
    deadline = time.monotonic() + READY_SECONDS
    pids: dict[str, set[int]] = defaultdict(set)
    while not is_ready(mesh):
        for process in supervisor.processes():
            pids[process["name"]].add(process["pid"])
            if len(pids[process["name"]] - {0}) > TRIES:
                raise OperatorError(f"{process['name']} does not start. {last_lines(mesh, process['name'])}")
        if time.monotonic() > deadline:
            raise OperatorError(why_not_ready(mesh, supervisor))
        time.sleep(0.1)


def why_not_ready(mesh: Mesh, supervisor: Supervisor) -> str:
    down = [process for process in supervisor.processes() if process["statename"] not in ("RUNNING", "STARTING")]
    reasons = [f"{process['name']} is {process['statename']}. {last_lines(mesh, process['name'])}" for process in down]
    status, body = get_ready(mesh)
    first = f"Not ready after {READY_SECONDS} s; {mesh.url}/ready answers {status or 'nothing'}: {body}"
    return "\n".join([first, *reasons])


def last_lines(mesh: Mesh, process: str) -> str:
    log = mesh.log_folder / f"{process}.log"
    lines = log.read_text(errors="replace").splitlines()[-LAST_LINES:] if log.exists() else []
    return "\n".join([f"The end of {log}:", *(format_line(line[:LONGEST_LINE], process) for line in lines)])
