"""`operations restart`: buyers notice nothing while rooms and the gateway are replaced."""

import itertools
import os
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from operations.mesh import module_of
from operations.processes.stop import mesh_processes
from testbed.crowd import Request, all_at_once
from testbed.mesh import Mesh, wait_until

pytestmark = pytest.mark.full_size("unit/operations/test_restart.py", "integration/gateway/test_shutdown.py")

BUYERS, PAUSE = 2, 0.05    # seconds; there is work all the time, and the machine has some left for the new processes


def purchases(mesh: Mesh, token: str, screening: str, seats: list[str], stop: threading.Event) -> Counter[Any]:
    """Buy, read, pay and read again until the end, each time over a connection of its own; the outcomes."""
    port, outcomes = int(mesh.environment["MARQUEE_PORT"]), Counter[Any]()

    def ask(path: str, **fields: Any) -> dict[str, Any]:
        [answer] = all_at_once(port, [Request(path, token, fields)])
        outcomes[path, answer.status, answer.body.get("code")] += 1
        return answer.body

    for number in itertools.count():
        if stop.wait(PAUSE):
            return outcomes
        if number < len(seats):
            bought = ask("/order/buy", screening_id=screening, seats=[seats[number]])
            ask("/order/pay", order_id=bought.get("order_id", ""), method="sandbox")
        ask("/film/get_info_list", title=str(number))
        ask("/order/get_list")
    raise AssertionError("numbers never end")


def test_no_request_fails_while_the_order_room_and_the_gateway_are_restarted(mesh: Mesh) -> None:
    screenings = [mesh.fresh_screening(320) for _ in range(BUYERS)]
    halls = [list(mesh.seats(screening))[:300] for screening in screenings]   # the last go only with others
    stop = threading.Event()
    before = {room: mesh.pid(room) for room in ("order", "gateway")}
    with ThreadPoolExecutor(BUYERS) as threads:
        running = [threads.submit(purchases, mesh, *each, stop)
                   for each in zip(mesh.buyers(BUYERS), screenings, halls, strict=True)]
        try:
            mesh.operate("restart", "order", "gateway")
        finally:
            stop.set()
    outcomes = sum((each.result() for each in running), Counter[Any]())
    assert {(status, code) for _, status, code in outcomes} == {(200, None)}, outcomes
    assert min(outcomes.values()) > 10, outcomes
    assert {room: mesh.pid(room) for room in before}.items().isdisjoint(before.items())
    assert {each["group"] for each in mesh.supervisor.processes()} == {*mesh.supervisor.programs()}
    assert not [name for name in mesh.supervisor.programs() if "spare" in name]
    mesh.check_invariants()


def test_the_rooms_of_a_mesh_are_forked_from_a_template_with_nothing_open(mesh: Mesh) -> None:
    wait_until(lambda: mesh.supervisor.prepare_template() == "ready", 30, "the template")
    [template] = [process for process, program in mesh_processes(mesh.folder) if program == "template"]
    assert template.num_threads() == 1
    links = [os.readlink(file).partition("[")[0] for file in Path(f"/proc/{template.pid}/fd").iterdir()]
    assert sorted(links) == sorted(["/dev/null", *[str(mesh.folder / "log" / "supervisord.out")] * 2, "socket:"])
    assert "can't be imported" not in (mesh.folder / "log" / "supervisord.log").read_text()
    killed = mesh.pid("office")
    mesh.kill("office")    # without which a mesh is ready, too
    [office] = wait_until(lambda: [process for process, program in mesh_processes(mesh.folder)
                                   if program == "office" and process.pid != killed], 30, "the next office room")
    nameko = str(Path(sys.executable).with_name("nameko"))
    assert office.cmdline() == [sys.executable, nameko, "run", "--config", mesh.environment["MARQUEE_CONFIG"],
                                module_of("office")]
