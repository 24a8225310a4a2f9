import pathlib
from tests.browser.driver import order_page
OUT = pathlib.Path("/tmp/w/shots/films"); OUT.mkdir(parents=True, exist_ok=True)
SIZES = ((1366, 768), (360, 640), (640, 360))
def shoot(page, name, full=True):
    for size in SIZES:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.wait_for_timeout(250)
        page.screenshot(path=OUT / f"{name}-{size[0]}.png", full_page=full)
def test_shots(visit, mesh):
    screening = mesh.fresh_screening(180)
    for language, theme in (("en-GB", "light"), ("zh-CN", "dark")):
        tag = f"{language[:2]}-{theme}"
        page = visit("/?title=wogn+kar-wai", language=language, theme=theme)
        page.locator(".film:not(.ghost)").first.wait_for()
        shoot(page, f"search-{tag}", False)
        page.goto("/"); page.locator(".film:not(.ghost)").first.wait_for(); shoot(page, f"front-{tag}", False)
        page.goto("/film/metropolis"); page.locator(".screening").first.wait_for(); shoot(page, f"metropolis-{tag}", False)
        page.goto("/film/spirited-away"); page.locator(".screening").first.wait_for()
        page.set_viewport_size({"width": 1366, "height": 768}); page.locator(".way summary").first.click(); shoot(page, f"film-{tag}")
        page.goto(f"/screening/{screening}"); page.locator(".hall").wait_for(); shoot(page, f"screening-{tag}", False)
        page.set_viewport_size({"width": 1366, "height": 768}); page.locator(".way summary").first.click(); shoot(page, f"screening-way-{tag}", False)
        page.close()
        page = order_page(visit, mesh, "H5", "H6", language=language, theme=theme, service_workers="allow", complaints_expected=True)
        page.locator(".directions").wait_for(); page.wait_for_timeout(1500)
        shoot(page, f"order-{tag}")
        page.context.set_offline(True); page.reload(); page.locator(".ticket .qr").first.wait_for()
        shoot(page, f"order-offline-{tag}", False)
        page.context.set_offline(False)
        page.emulate_media(media="print"); page.screenshot(path=OUT / f"order-print-{tag}.png"); 
