"""The watchdog: supervisord keeps it alive, as any program, and it starts supervisord again when that was killed.

It is told from a stop, in which the watchdog ends first. What the killed supervisord has left running can't be adopted
by another one, so it ends first, as at any start.
"""

import logging
import logging.config
import os
import time
import xmlrpc.client

import click
from nameko import config
from supervisor.states import ProcessStates

from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.processes.stop import end_leftovers
from operations.servers.base import ServerState
from operations.supervision.connection import AWAY
from operations.supervision.supervisor import Supervisor

log = logging.getLogger("marquee.watchdog")
LOOK_SECONDS = 1.0
TRY_AGAIN_SECONDS = 2.0
FAILURES = (*AWAY, xmlrpc.client.Fault, OperatorError)


@click.command("watch")
@click.pass_obj
def watch_command(mesh: Mesh) -> None:
    """Start supervisord again if it is killed; `start` keeps this running beside the servers."""
    logging.config.dictConfig(config["LOGGING"])
    supervisor, parent = Supervisor(mesh.run_folder), os.getppid()
    watch(mesh, supervisor, parent)
    be_silent()
    revive(mesh, supervisor)


def watch(mesh: Mesh, supervisor: Supervisor, parent: int) -> None:
    """Return when supervisord, our parent, has died; complete before what an earlier one had running."""
    is_complete = False
    while os.getppid() == parent and parent != 1:
        try:
            is_complete = is_complete or start_unstarted(mesh, supervisor)
        except FAILURES as problem:
            log.warning("what ran before can't be started yet", extra={"problem": str(problem)})
        time.sleep(LOOK_SECONDS)


def start_unstarted(mesh: Mesh, supervisor: Supervisor) -> bool:
    """Start what is wanted and that this supervisord has never started: the servers, and when they answer the rest.

    That waits for its template, too, while this imports. What a person has stopped stays as it is. Returns whether
    nothing is left to start. Raises one of FAILURES.
    """
    wanted = supervisor.wanted()
    missing = {process["group"] for process in supervisor.processes()
               if process["group"] in wanted and process["state"] == ProcessStates.STOPPED and not process["start"]}
    servers = {server.name for server in mesh.servers}
    due = missing & servers or missing
    imports = bool(missing - servers) and supervisor.prepare_template() == "importing"
    if due - servers and (imports or any(server.state() is not ServerState.READY for server in mesh.servers)):
        return False
    if due:
        log.warning("started what supervisord had running before it died", extra={"programs": sorted(due)})
        supervisor.start(*due)
    return due == missing


def revive(mesh: Mesh, supervisor: Supervisor) -> None:
    """Start supervisord again with the programs that it had, unless that is done or the mesh is stopped meanwhile."""
    while supervisor.wanted():
        try:
            with mesh.lock():
                if not supervisor.wanted():
                    return
                if not supervisor.is_running():
                    end_leftovers(mesh)
                    supervisor.launch()
                supervisor.start(mesh.watchdog.name)
                return
        except FAILURES:    # the disk is full, say
            time.sleep(TRY_AGAIN_SECONDS)


def be_silent() -> None:
    """Write to nobody from now on: it was supervisord that read what this process writes."""
    logging.disable()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
