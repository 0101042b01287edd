"""Take the pictures of docs/img from a running `make run`, with a little life put in first.

flask demo fill --contacts 500    # reports and boards have something to show
python scripts/screenshots.py --desk http://localhost:5000 --simulator http://localhost:5001
"""

import argparse
import os
import time
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "img"
AGENT = ("agen@demo.test", "demo-cloudchat")
ADMIN = ("admin@demo.test", "demo-cloudchat")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]

CUSTOMERS = (
    ("6281211110001", "Budi Santoso", ["Halo kak", "Saya mau bayar pesanan kemarin, bisa transfer ke mana?"]),
    ("6281211110002", "Siti Aminah", ["Paket saya sudah sampai mana ya kak?"]),
    ("6281211110003", "Agus Setiawan", ["Ready stok kaos ukuran XL warna hitam?"]),
    ("6281211110004", "Maya Putri", ["Terima kasih banyak, barangnya bagus!"]),
    ("6281211110005", "Joko Susanto", ["Kalau kirim ke Makassar ongkirnya berapa?"]),
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--desk", default="http://localhost:5000")
    options.add_argument("--simulator", default="http://localhost:5001")
    options.add_argument("--chromium", default=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
    chosen = options.parse_args()
    IMAGES.mkdir(parents=True, exist_ok=True)
    write_as_customers(chosen.simulator)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chosen.chromium, args=FLAGS)
        take_all(browser, chosen.desk, chosen.simulator)
        browser.close()


def write_as_customers(simulator: str) -> None:
    for phone, name, texts in CUSTOMERS:
        for text in texts:
            write(simulator, phone, name, text)


def write(simulator: str, phone: str, name: str, text: str) -> None:
    answer = httpx.post(
        f"{simulator}/_control/whatsapp/messages",
        json={"from": phone, "name": name, "type": "text", "text": text, "wait": True},
        timeout=20,
    )
    answer.raise_for_status()


def take_all(browser: Browser, desk: str, simulator: str) -> None:
    page = signed_in(browser, desk, AGENT)
    page.goto(f"{desk}/app/inbox")
    page.get_by_text("Budi Santoso").first.click()
    page.wait_for_timeout(800)
    composer = page.locator("textarea:visible").first
    composer.fill("Halo Kak Budi, silakan transfer ke BCA 123-456-7890 a.n. Toko Demo.")
    composer.press("Enter")
    page.wait_for_timeout(2500)
    shot(page, "inbox")
    conversation = page.url
    for name, path in (("dashboard", "/app/dashboard"), ("contacts", "/app/contacts")):
        page.goto(desk + path)
        page.wait_for_timeout(600)
        shot(page, name)
    page = signed_in(browser, desk, AGENT, dark=True)
    page.goto(conversation)
    page.wait_for_timeout(1200)
    shot(page, "inbox-dark")
    page = signed_in(browser, desk, AGENT, width=375, height=740)
    page.goto(conversation)
    page.wait_for_timeout(1200)
    shot(page, "inbox-phone")
    page = signed_in(browser, desk, ADMIN)
    page.goto(f"{desk}/admin/devices/")
    page.wait_for_timeout(600)
    shot(page, "devices")
    take_devices(page, desk, simulator)
    take_queue(browser, desk, simulator)
    take_figures(browser, desk)
    take_work(browser, desk)
    page = browser.new_context(viewport={"width": 420, "height": 760}).new_page()
    page.goto(f"{simulator}/whatsapp?customer={CUSTOMERS[0][0]}")
    page.wait_for_timeout(1200)
    shot(page, "simulator-phone")


def take_devices(page: Page, desk: str, simulator: str) -> None:
    """The guides' pictures: connecting a bot, linking a phone, choosing Facebook pages, a failure."""
    page.goto(f"{desk}/admin/devices/new/?type=telegram")
    shot(page, "device-telegram")
    session = f"toko-{int(time.time())}"
    page.goto(f"{desk}/admin/devices/new/?type=wa_device")
    page.fill("#name", "WA Gudang")
    page.fill("#session", session)
    page.fill("#api_key", "simulator-gateway-key")
    page.click("form.admin-form button[type=submit]")
    page.locator(".link-scan img").wait_for()
    shot(page, "device-link")
    httpx.post(f"{simulator}/_control/wa-device/link", json={"account": session, "action": "scan"})
    page.goto(f"{desk}/api/app/messenger/connect")
    page.click("button[value=accept]")
    page.wait_for_url("**/app/settings/facebook/**")
    shot(page, "facebook-pages")
    page.get_by_label("Toko Belum di Business Manager").check()
    page.click("form.admin-form button[type=submit]")
    page.locator(".alert-danger").wait_for()
    shot(page, "facebook-help")


def take_figures(browser: Browser, desk: str) -> None:
    """Reports and analytics: pages with charts, which want a moment."""
    page = signed_in(browser, desk, ADMIN)
    for name, path in (
        ("report-bots", "/app/reports"),
        ("report-agents", "/app/reports/agents"),
        ("pipeline-analytics", f"{first_link(page, desk, '/app/pipelines', '/app/pipelines/')}/analytics"),
    ):
        page.goto(desk + path)
        page.locator("[data-chart] .main-svg").first.wait_for()
        page.wait_for_timeout(600)
        shot(page, name)


def take_work(browser: Browser, desk: str) -> None:
    """What managers and admins set up: a broadcast, a template, webhooks, the account, the help."""
    page = signed_in(browser, desk, ADMIN)
    make_broadcast(page, desk)
    for name, path in (
        ("broadcast", first_link(page, desk, "/app/broadcasts", "/app/broadcasts/")),
        ("webhook", "/app/settings/webhooks/new"),
        ("assistant", "/app/settings/assistant"),
        ("security", "/app/settings/security"),
        ("help", "/app/help"),
    ):
        page.goto(desk + path)
        page.wait_for_timeout(1500)
        shot(page, name)
    page.goto(f"{desk}/app/settings/templates/new")
    page.fill("[name=name]", "pesanan_dikirim_lagi")
    page.fill("[name=body]", "Halo {{1}}, pesanan {{2}} sudah kami kirim hari ini.")
    page.fill("[name=footer]", "Toko Demo")
    page.wait_for_timeout(1200)
    shot(page, "template-builder")


def make_broadcast(page: Page, desk: str) -> None:
    """To whoever has the label VIP, through the API that the page uses."""
    token = page.locator("meta[name=csrf-token]").get_attribute("content")
    devices = page.request.get(f"{desk}/api/app/devices").json()["items"]
    device = next(one["id"] for one in devices if one["type"] == "wa_official")
    templates = page.request.get(f"{desk}/api/app/broadcasts/templates?device_id={device}").json()["items"]
    template = next(one for one in templates if not one["fields"])
    body = {
        "name": "Terima kasih, pelanggan VIP",
        "device_id": device,
        "template_id": template["id"],
        "audience": {"labels": ["VIP"]},
        "variables": {},
    }
    headers = {"X-CSRF-Token": token}
    made = page.request.post(f"{desk}/api/app/broadcasts", data=body, headers=headers)
    if made.ok:
        page.request.post(f"{desk}/api/app/broadcasts/{made.json()['id']}/start", headers=headers)


def first_link(page: Page, desk: str, path: str, begins: str) -> str:
    """The first of a page's addresses that begins like this and goes on with a number."""
    page.goto(desk + path)
    links = page.locator(f"a[href^='{begins}']").evaluate_all("all => all.map((a) => a.getAttribute('href'))")
    numbers = (link.removeprefix(begins).partition("/")[0] for link in links)
    return begins + next(number for number in numbers if number.isdigit())


def take_queue(browser: Browser, desk: str, simulator: str) -> None:
    """The queue's pages with people in it; it is switched off again, as the demo has it."""
    page = signed_in(browser, desk, ADMIN)
    switch_queue(page, desk, True)
    shot(page, "queue-settings")
    for number, (name, choice) in enumerate((("Rina Wati", "1"), ("Dodi", "1"), ("Lina", "2"))):
        write(simulator, f"62812111200{number:02}", name, "Halo")
        write(simulator, f"62812111200{number:02}", name, choice)
    for name, path in (("divisions", "/app/settings/divisions"), ("queue", "/app/inbox")):
        page.goto(desk + path)
        page.wait_for_timeout(1500)
        shot(page, name)
    page.goto(f"{desk}/app/queue/report?days=1")
    shot(page, "queue-report")
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{desk}/app/queue/wall")
    page.wait_for_timeout(1500)
    shot(page, "queue-wall")
    page.set_viewport_size({"width": 1440, "height": 900})
    switch_queue(page, desk, False)


def switch_queue(page: Page, desk: str, on: bool) -> None:
    page.goto(f"{desk}/app/settings/queue")
    page.set_checked("[name=is_enabled]", on)
    page.click("[data-queue-form] [type=submit]")
    page.wait_for_selector("#toast .toast-text")
    page.wait_for_timeout(1000)


def signed_in(
    browser: Browser,
    desk: str,
    login: tuple[str, str],
    width: int = 1440,
    height: int = 900,
    dark: bool = False,
) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        locale="id-ID",
        timezone_id="Asia/Jakarta",
    )
    page = context.new_page()
    page.goto(f"{desk}/login")
    page.fill("input[name=email]", login[0])
    page.fill("input[name=password]", login[1])
    page.click("button[type=submit]")
    page.wait_for_url("**/app/**")
    return page


def shot(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / f"{name}.png")
    print(f"docs/img/{name}.png", time.strftime("%H:%M:%S"))


if __name__ == "__main__":
    main()
