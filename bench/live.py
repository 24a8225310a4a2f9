"""`python -m bench.live`: how soon 200 open seat maps of one gateway show the change of a seat."""

import asyncio
import json
import math
import sys
import time
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from testbed.mesh import Mesh, running_mesh

MAPS, SCREENINGS, PURCHASES, PAUSE_SECONDS = 200, 4, 100, 0.15
Seen = dict[tuple[str, str], list[float]]


async def watch(mesh: Mesh, screening: str, seen: Seen, ready: "asyncio.Semaphore") -> None:
    """Note when this map shows each seat as no longer free."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(mesh.environment["MARQUEE_PORT"]))
    writer.write(f"GET /live/{screening} HTTP/1.1\r\nHost: marquee\r\n\r\n".encode())
    try:
        while line := await reader.readline():
            if line.startswith(b"event: seats"):
                ready.release()
            elif line.startswith(b"data: "):
                now = time.monotonic()
                for seat in json.loads(line[6:])["seats"]:
                    if seat["state"] == "held":
                        seen[screening, seat["seat_id"]].append(now)
    finally:
        writer.close()


async def measure(mesh: Mesh) -> dict[str, Any]:
    screenings = [mesh.fresh_screening(180) for _ in range(SCREENINGS)]
    buyers, seats = mesh.buyers(PURCHASES), list(mesh.seats(screenings[0]))
    seen: Seen = defaultdict(list)
    ready = asyncio.Semaphore(0)
    maps = [asyncio.create_task(watch(mesh, screenings[number % SCREENINGS], seen, ready)) for number in range(MAPS)]
    for _ in maps:
        await ready.acquire()
    bought_at: dict[tuple[str, str], float] = {}
    for number, buyer in enumerate(buyers):
        screening, seat = screenings[number % SCREENINGS], seats[number]
        bought_at[screening, seat] = time.monotonic()
        bought = await asyncio.to_thread(mesh.post, "/order/buy", buyer, screening_id=screening, seats=[seat])
        assert bought.status_code == 200, bought.text
        await asyncio.sleep(PAUSE_SECONDS)
    await asyncio.sleep(2)
    for task in maps:
        task.cancel()
    delays = sorted(moment - start for sold, start in bought_at.items() for moment in seen[sold])
    return {"maps": MAPS, "purchases": PURCHASES, "missed": PURCHASES * MAPS // SCREENINGS - len(delays),
            **{f"p{share}_ms": round(delays[math.ceil(len(delays) * share / 100) - 1] * 1000, 1)
               for share in (50, 95, 99, 100)}}


def main() -> None:
    with TemporaryDirectory() as folder, running_mesh(Path(folder)) as mesh:
        figures = asyncio.run(measure(mesh))
    print(json.dumps(figures))
    if figures["missed"] or figures["p95_ms"] > 1000:
        sys.exit("Every map must show each change, 95 of 100 within a second.")


main()
