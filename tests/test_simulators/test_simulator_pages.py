"""The phone page and the control page in a real browser."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .simulator_tools import CUSTOMER, NUMBER

SHOTS = os.environ.get("SIMULATOR_SCREENSHOTS")  # a folder, to look at what the tests saw
BUTTONS = {
    "type": "button",
    "body": {"text": "Pilih divisi yang Anda tuju."},
    "footer": {"text": "Balas kapan saja"},
    "action": {
        "buttons": [
            {"type": "reply", "reply": {"id": f"div:{n}", "title": title}}
            for n, title in enumerate(["Billing", "Teknis", "Pengiriman"], 1)
        ]
    },
}
MENU = {
    "type": "list",
    "header": {"type": "text", "text": "Toko Demo"},
    "body": {"text": "Silakan pilih layanan."},
    "action": {
        "button": "Lihat layanan",
        "sections": [
            {
                "title": "Layanan",
                "rows": [
                    {"id": "a", "title": "Cek ongkir", "description": "Ke seluruh Indonesia"},
                    {"id": "b", "title": "Status pesanan"},
                ],
            }
        ],
    },
}


@pytest.fixture(params=[(1280, 860), (375, 740)], ids=["desktop", "phone-sized"])
def page(chromium, simulator, request):
    """A page at both sizes; anything that the console complains about fails the test."""
    width, height = request.param
    page = chromium.new_page(viewport={"width": width, "height": height}, base_url=simulator.url)
    page.set_default_timeout(5000)
    complaints = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert complaints == []


def shoot(page, name):
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if SHOTS:
        width = page.viewport_size["width"]
        page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png")


def message(receiver, count):
    return receiver.values(count)[-1]["messages"][0]


def test_a_conversation_on_the_phone(page, simulator, receiver, tmp_path):
    simulator.settings(statuses=False)
    page.goto("/whatsapp")
    page.fill("#text", "Halo, apakah barangnya ada?")
    page.press("#text", "Enter")
    mine = page.locator(".bubble.mine")
    expect(mine).to_contain_text("Halo, apakah barangnya ada?")
    inbound = message(receiver, 1)
    assert inbound["from"] == CUSTOMER
    expect(mine.locator(".tick.delivered")).to_be_visible()

    read = {"messaging_product": "whatsapp", "status": "read", "message_id": inbound["id"]}
    typing = read | {"typing_indicator": {"type": "text"}}
    simulator.graph("POST", f"{NUMBER}/messages", json=typing)
    expect(mine.locator(".tick.read")).to_be_visible()
    expect(page.locator(".typing")).to_be_visible()

    simulator.send(BUTTONS, "interactive", context={"message_id": inbound["id"]})
    expect(page.locator(".typing")).to_be_hidden()
    expect(page.locator(".bubble.theirs .quote")).to_contain_text("barangnya")
    page.get_by_role("button", name="Billing").click()
    tapped = message(receiver, 2)
    assert tapped["interactive"]["button_reply"] == {"id": "div:1", "title": "Billing"}
    assert tapped["context"]["from"] == "6281200000001"

    simulator.send(MENU, "interactive")
    page.get_by_role("button", name="Lihat layanan").click()
    shoot(page, "list")
    page.get_by_role("button", name="Cek ongkir").click()
    assert message(receiver, 3)["interactive"]["list_reply"]["id"] == "a"

    photo = simulator.write(type="image", caption="Foto dari pelanggan", wait=True)["message"]
    media_id = photo["image"]["id"]
    simulator.send({"id": media_id, "caption": "Foto dari toko"}, "image")
    picture = page.locator(".bubble.theirs img")
    expect(picture).to_be_visible()
    assert picture.evaluate("async image => { await image.decode(); return image.naturalWidth }")

    page.locator("#attach summary").click()
    shoot(page, "attach")
    page.get_by_role("button", name="Lokasi", exact=True).click()
    assert message(receiver, 5)["location"]["name"] == "Monas"
    receipt = tmp_path / "bukti transfer.pdf"
    receipt.write_bytes(b"%PDF-1.4")
    page.set_input_files("#file", receipt)
    assert message(receiver, 6)["document"]["filename"] == "bukti transfer.pdf"
    expect(page.locator(".bubble.mine").last).to_contain_text("bukti transfer.pdf")
    page.wait_for_function(
        "scroll => { const s = document.getElementById('scroll'); "
        "return s.scrollHeight - s.scrollTop - s.clientHeight < 5 }"
    )
    shoot(page, "phone")


def test_looking_reads_and_hidden_failures_do_not_show(page, simulator, receiver):
    simulator.settings(window="status")
    simulator.write("buka jendela", wait=True)
    simulator.send("terlihat")
    page.goto("/whatsapp")
    expect(page.locator(".bubble.theirs")).to_have_count(1)
    simulator.idle()
    assert simulator.sent()[0]["status"] == "read"
    simulator.control("whatsapp/window", {"phone": CUSTOMER})
    expect(page.locator("#window-note")).to_contain_text("tertutup")
    simulator.send("tidak sampai")
    simulator.idle()
    assert simulator.sent()[1]["status"] == "failed"
    expect(page.locator(".bubble.theirs")).to_have_count(1)


def test_several_customers_and_hostile_text(page, simulator, receiver):
    page.goto("/whatsapp")
    side = page.locator(".side")
    if page.viewport_size["width"] < 760:
        side.locator("summary").click()
    side.get_by_label("Nama").fill("Dewi <b>Lestari</b>")
    side.get_by_label("Nomor WhatsApp").fill("0812-9999-0000")
    side.get_by_role("button", name="Tambah dan pakai").click()
    page.fill("#text", "<img src=x onerror=alert(1)> {{7*7}}\nbaris dua")
    page.get_by_role("button", name="Kirim").click()
    bubble = page.locator(".bubble.mine .text")
    expect(bubble).to_have_text("<img src=x onerror=alert(1)> {{7*7}}\nbaris dua")
    inbound = receiver.values(1)[0]
    assert inbound["contacts"][0] == {
        "profile": {"name": "Dewi <b>Lestari</b>"},
        "wa_id": "6281299990000",
    }
    page.goto(f"/whatsapp?customer={CUSTOMER}")
    expect(page.locator(".bubble")).to_have_count(0)


def test_the_control_page(page, simulator, receiver):
    simulator.write("Halo", wait=True)
    receiver.statuses[:] = [503] * 50
    simulator.send("Baik, Kak")
    page.goto("/whatsapp/control")
    expect(page.locator("#log")).to_contain_text("503")
    form = page.locator("#faults form")
    form.get_by_label("Yang terjadi").select_option("error")
    form.get_by_label("Kode (untuk").select_option("131016")
    form.get_by_label("Berapa kali").fill("2")
    form.get_by_role("button").click()
    expect(page.locator("#faults-now")).to_contain_text("131016: 2 kali lagi")
    assert simulator.send().status_code == 500
    expect(page.locator("#faults-now")).to_contain_text("1 kali lagi")
    shoot(page, "control")
    page.locator("#faults-now button").click()
    assert simulator.control("meta/faults")["items"] == []

    row = page.locator("#windows tr", has_text=CUSTOMER)
    row.get_by_role("button", name="Lewatkan 24 jam").click()
    expect(row).to_contain_text("tertutup")
    account = page.locator(f"#account-{NUMBER}")
    account.get_by_label("Token").select_option("463")
    account.get_by_role("button").click()
    assert simulator.send().status_code == 401
    page.get_by_label("Urutan status").select_option("reversed")
    page.get_by_label("lewati delivered").check()
    page.locator("#behaviour").get_by_role("button").click()
    settings = simulator.control("whatsapp/settings")
    assert (settings["status_order"], settings["skip_delivered"]) == ("reversed", True)
    assert settings["magic_numbers"] is True
    receiver.statuses.clear()
    page.locator("#log tr", has_text="message text").get_by_role("button").click()
    receiver.wait(3)
    page.goto("/")
    expect(page.get_by_role("link", name="Ponsel pelanggan")).to_be_visible()
    shoot(page, "front")
