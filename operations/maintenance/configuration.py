"""The configuration of a mesh beside its data: config.yml, the environment, and the keys that sign tickets."""

import os
import re
import shlex
from pathlib import Path

from operations.mesh import CONFIG, Mesh
from operations.operator_error import OperatorError

VARIABLE = re.compile(r"\$\{(\w+)")
OF_A_PROCESS = {"SUPERVISOR_PROCESS_NAME"}    # which each process has for itself


def config_file(mesh: Mesh) -> Path:
    """The file that this mesh runs with: config.yml, or the one that MARQUEE_CONFIG names."""
    return mesh.root / CONFIG


def environment(mesh: Mesh) -> str:
    """The variables that config.yml names and that are set here, as a shell reads them."""
    names = sorted(set(VARIABLE.findall(config_file(mesh).read_text())) & os.environ.keys() - OF_A_PROCESS)
    return "".join(f"export {name}={shlex.quote(os.environ[name])}\n" for name in names)


def ticket_key_file(mesh: Mesh) -> Path:
    """Where the ticket keys are, or will be made at the first start. Raises OperatorError when nothing says so."""
    if given := mesh.settings["order"]["ticket_key_file"]:
        return Path(given).expanduser()
    if mesh.settings["environment"] != "local":
        raise OperatorError("MARQUEE_TICKET_KEY names no file here; without the keys of sold tickets, none of them "
                            "would be valid any more.")
    return mesh.run_folder / "ticket.key"
