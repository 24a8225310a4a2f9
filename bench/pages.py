"""`python -m bench.pages`: the bytes and the time of the first and the second view of a map of 320 seats."""

import json
import shutil
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import BrowserContext, sync_playwright

from testbed.mesh import Mesh, running_mesh

VIEWS, SEATS = 10, 320
MOST_BYTES, MOST_MS = 200_000, 1000
# Runs in the page from its beginning: tries a seat as often as the screen is drawn, until the page takes the pick.
PICK = """{
  const tryOne = () => {
    document.querySelector(".hall .seat.free")?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    if (document.querySelector(".hall .seat.picked")) performance.mark("picked");
    else requestAnimationFrame(tryOne);
  };
  requestAnimationFrame(tryOne);
}"""


def view(context: BrowserContext, address: str) -> tuple[int, float]:
    """The bytes over the wire and the milliseconds from the start of the navigation until a seat was picked."""
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    sizes: list[int] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.add_init_script(PICK)
    page.goto(address)
    page.locator(".hall .seat.picked").first.wait_for()
    picked = page.evaluate("performance.getEntriesByName('picked')[0].startTime")
    page.wait_for_timeout(300)  # so that requests still in flight are counted
    page.evaluate("sessionStorage.clear()")
    page.close()
    return sum(sizes), picked


def measure(mesh: Mesh) -> dict[str, Any]:
    address = f"{mesh.url}/screening/{mesh.fresh_screening(SEATS)}"
    first, second = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium-headless-shell"),
                                             args=["--no-sandbox"])
        for _ in range(VIEWS):
            context = browser.new_context(viewport={"width": 1280, "height": 800})  # with an empty cache of its own
            first.append(view(context, address))
            second.append(view(context, address))
            context.close()
    return {"seats": SEATS, "views": VIEWS, **{
        f"{name}_{what}": round(statistics.median(seen[at] for seen in views))
        for name, views in (("first", first), ("second", second)) for at, what in ((0, "bytes"), (1, "ms"))}}


def main() -> None:
    with TemporaryDirectory() as folder, running_mesh(Path(folder)) as mesh:
        figures = measure(mesh)
    print(json.dumps(figures))
    if figures["first_bytes"] > MOST_BYTES or figures["first_ms"] > MOST_MS:
        sys.exit(f"The first view must take less than {MOST_BYTES} bytes, and {MOST_MS} ms until a seat is picked.")


main()
