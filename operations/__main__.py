"""`python -m operations`: the commands with which an operator runs a mesh on this machine."""

import errno
import json
import logging
import os
import subprocess
from typing import Any

import click
import yaml

from operations import preparation
from operations.mesh import ROOT, Mesh
from operations.operator_error import OperatorError
from operations.processes import health
from operations.processes.log_follow import LogFollower, chooser
from operations.processes.run import run
from operations.processes.start import start
from operations.processes.stop import mesh_processes, running_supervisor, stop
from operations.supervision.supervisor import Supervisor
from services.foundation.settings import SettingsError


class Commands(click.Group):
    """The commands below, and those that are imported only when they are called, since that takes a while."""

    imported = {
        "account": "services.user.account_command:account_command",
        "audit": "operations.checks.audit:audit_command",
        "backup": "operations.maintenance.backup:backup_command",
        "check": "operations.checks.invariants:check_command",
        "dead": "operations.event_commands:dead_command",
        "declare": "operations.event_commands:declare_command",
        "grant-accounts": "operations.maintenance.grant_accounts:grant_accounts_command",
        "load": "operations.programme_loading:load_command",
        "metrics": "operations.metrics.command:metrics_command",
        "messages": "services.notification.message_command:messages_command",
        "migrate": "operations.maintenance.migrate_command:migrate_command",
        "reconcile": "operations.checks.audit:reconcile_command",
        "replay": "operations.event_commands:replay_command",
        "restore": "operations.maintenance.restore:restore_command",
        "revision": "operations.maintenance.revision_command:revision_command",
        "review": "services.payment.reconciling.review_command:review_command",
        "watch": "operations.processes.watchdog:watch_command",
        "verify-log": "operations.checks.operation_log:verify_log_command",
    }

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), *self.imported])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name in self.imported:
            return preparation.find(self.imported[name])
        return super().get_command(context, name)

    def invoke(self, context: click.Context) -> Any:
        """Run a command; a mistake in config.yml is printed as its sentences, and a full disk as one."""
        try:
            return super().invoke(context)
        except SettingsError as error:
            raise OperatorError(str(error)) from None
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise OperatorError(f"There is no storage left: {error}.") from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def operations(context: click.Context) -> None:
    """Run a Marquee mesh on this machine; config.yml says how."""
    os.umask(0o077)
    logging.getLogger("marquee").addHandler(logging.NullHandler())  # commands print their results themselves
    try:
        context.obj = Mesh.load()
    except (SettingsError, yaml.YAMLError) as error:
        by_line = context.invoked_subcommand == "reload" or isinstance(error, yaml.YAMLError)
        if by_line and (refuse := preparation.find("operations.processes.reload:refuse_mistakes")):
            refuse(ROOT)
        raise


@operations.command("start")
@click.option("--servers-only", is_flag=True, help="Start RabbitMQ, Redis and MariaDB, and no rooms.")
@click.pass_obj
def start_command(mesh: Mesh, servers_only: bool) -> None:
    """Start everything that does not run yet, and return when it is healthy."""
    start(mesh, servers_only)


@operations.command("run")
@click.pass_obj
def run_command(mesh: Mesh) -> None:
    """Start everything and follow its log; Ctrl-C stops everything."""
    run(mesh)


@operations.command("stop")
@click.pass_obj
def stop_command(mesh: Mesh) -> None:
    """Stop everything that was started; does nothing when nothing was."""
    stop(mesh)


@operations.command("reload")
@click.pass_obj
def reload_command(mesh: Mesh) -> None:
    """Take over the settings of config.yml that may change while the rooms run; say which need a restart."""
    if command := preparation.find("operations.processes.reload:reload"):
        command(mesh, running_supervisor(mesh))


@operations.command("restart")
@click.argument("rooms", nargs=-1)
@click.pass_obj
def restart_command(mesh: Mesh, rooms: tuple[str, ...]) -> None:
    """Restart these ROOMS, or all, one process after the other; no request is lost meanwhile."""
    if command := preparation.find("operations.processes.restart:restart"):
        command(mesh, running_supervisor(mesh), rooms)


@operations.command("health")
@click.pass_obj
def health_command(mesh: Mesh) -> None:
    """Print the answer of GET /ready; the exit code is 0 when the mesh is ready."""
    status, body = health.get_ready(mesh)
    click.echo(body if status else f"{mesh.url} does not answer: {body}")
    raise SystemExit(0 if status == 200 else 1)


@operations.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; also when nothing runs.")
@click.pass_obj
def status_command(mesh: Mesh, as_json: bool) -> None:
    """Print the state of each process that was started here; the exit code is 0 while supervisord runs."""
    if as_json:
        status = health.get_status(mesh)
        click.echo(json.dumps(status, indent=2))
        raise SystemExit(0 if status["running"] else 1)
    supervisor = Supervisor(mesh.run_folder)
    if not supervisor.is_running():
        for orphan, program in mesh_processes(mesh.run_folder):
            click.echo(f"{program:<12} {'ORPHANED':<9} pid {orphan.pid}")
    for process in running_supervisor(mesh).processes():
        click.echo(f"{process['name']:<12} {process['statename']:<9} {process['description']}")


@operations.command("logs")
@click.argument("programs", nargs=-1)
@click.pass_obj
def logs_command(mesh: Mesh, programs: tuple[str, ...]) -> None:
    """Follow the logs of all programs, or of these PROGRAMS."""
    supervisor = running_supervisor(mesh)
    LogFollower(mesh.log_folder, chooser(programs, supervisor.programs())).follow(supervisor.is_running)


@operations.command("broker", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def broker_command(mesh: Mesh, arguments: tuple[str, ...]) -> None:
    """Run rabbitmqctl for the RabbitMQ that was started here, such as `broker list_queues name messages`."""
    if mesh.rabbitmq.name not in running_supervisor(mesh).programs():
        raise OperatorError(f"RabbitMQ at {mesh.rabbitmq.where} was not started here.")
    command, environment = mesh.rabbitmq.control(arguments)
    raise SystemExit(subprocess.run(command, env={**os.environ, **environment}, check=False).returncode)


if __name__ == "__main__":
    operations(prog_name="python -m operations")
