"""Commands of `python -m operations` in the tests' own process: another one takes seconds to begin."""

import nameko
from click.testing import CliRunner, Result

from operations import preparation
from operations.__main__ import Commands
from operations.mesh import Mesh as OperatedMesh
from testbed.mesh import Mesh


def command(mesh: Mesh, name: str, *arguments: str, line: str = "") -> Result:
    """The outcome of a command, as an operator of this mesh would see it; `line` is what they type."""
    with nameko.config.patch(mesh.settings, clear=True):
        done = CliRunner().invoke(preparation.find(Commands.imported[name]), list(arguments), input=line + "\n",
                                  obj=OperatedMesh(mesh.settings))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    return done


def decide(mesh: Mesh, order_id: str, decision: str) -> None:
    """Close the case of this order."""
    done = command(mesh, "review", "decide", order_id, decision, "--because", "a test", "--yes")
    assert done.exit_code == 0, done.output
