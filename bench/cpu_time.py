"""The processor time that each process of a mesh has taken."""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

import psutil

from testbed.mesh import Mesh


def cpu_seconds(mesh: Mesh, others: Iterable[int] = ()) -> Counter[str]:
    """Seconds of all processors that each process of the mesh has taken since its start, its children's included.

    `others`: the processes of a control, which count as one.
    """
    taken = Counter({"supervisord": own_seconds(psutil.Process(mesh.supervisor.call("getPID")))})
    for process in mesh.supervisor.processes():
        taken[process["group"]] += tree_seconds(process["pid"])
    taken["control"] = sum(map(tree_seconds, others))
    return taken


def tree_seconds(pid: int) -> float:
    with suppress(psutil.NoSuchProcess):
        top = psutil.Process(pid)
        return own_seconds(top) + sum(own_seconds(child) for child in top.children(recursive=True))
    return 0.0


def own_seconds(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0
