"""The hosted chat page in a real browser, with an agent who answers through the API."""

import re
from pathlib import Path

import httpx
import pytest

from tests import factories

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
BUTTONS = [{"id": "reg", "title": "Reguler"}, {"id": "kil", "title": "Kilat"}]
EXPECTED_FAILURES = re.compile(r"net::ERR_\w+|status of 4\d\d|WebSocket connection")


class Shop:
    """A web chat and the agent behind it."""

    def __init__(self, desk, cast, **config):
        self.cast = cast
        self.device = factories.device(cast.organization_id, "webchat", name="Toko Kopi", config=config)
        self.path = f"/chat/{self.device.public_key}"
        self.api = httpx.Client(base_url=desk, headers=cast.agent.headers, timeout=10)

    def rows(self) -> list[dict]:
        return self.api.get(f"/api/app/inbox/conversations?device_id={self.device.id}").json()["items"]

    def act(self, action, body, row=None):
        row = row or self.rows()[0]
        answer = self.api.post(f"/api/app/inbox/conversations/{row['id']}/{action}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def reply(self, text, **more):
        return self.act("messages", {"text": text, **more})

    def heard(self) -> list[str]:
        path = f"/api/app/inbox/conversations/{self.rows()[0]['id']}/messages?limit=100"
        return [item["text"] for item in self.api.get(path).json()["items"] if item["direction"] == "in"]


@pytest.fixture
def shop(desk, cast):
    made = Shop(desk, cast, welcome="Halo! Ada yang bisa kami bantu?")
    yield made
    made.api.close()


@pytest.fixture
def visit(open_page):
    """`visit(shop, width=375)`: a visitor's page; whatever its console complains about fails the test."""
    complaints = []

    def open_one(shop, query="", **options):
        page = open_page(**options)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda entry: entry.type == "error" and complaints.append(entry.text))
        page.goto(shop.path + query)
        return page

    yield open_one
    assert [text for text in complaints if not EXPECTED_FAILURES.search(text)] == []


def write(page, text):
    page.fill("#text", text)
    page.click("#send")


def bubbles(page) -> list[str]:
    return page.locator(".bubble .words").all_text_contents()


def accessible(page):
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    serious = [
        (item["id"], [node["html"][:150] for node in item["nodes"]])
        for item in found
        if item["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_a_visitor_writes_and_an_agent_answers(visit, shop):
    page = visit(shop)
    assert page.title() == "Toko Kopi"
    page.get_by_text("Halo! Ada yang bisa kami bantu?").wait_for()
    write(page, "Apakah kopinya <b>masih</b> ada? https://toko.example/kopi.")
    page.locator(".tick-sent").wait_for()
    assert page.locator(".bubble b").count() == 0
    assert page.locator(".bubble a").get_attribute("href") == "https://toko.example/kopi"
    assert page.locator(".day").count() == 1
    shop.act("assign", {"agent_id": shop.cast.agent.id})
    page.locator(".notice", has_text=shop.cast.agent.name).wait_for()
    page.locator("#state", has_text=shop.cast.agent.name).wait_for()
    shop.act("read", {})
    page.locator(".tick-read").wait_for()
    shop.reply("Masih ada, Kak.")
    page.locator(".theirs", has_text="Masih ada, Kak.").wait_for()
    shop.act("status", {"status": "resolved"})
    page.locator(".notice").nth(1).wait_for()
    write(page, "Satu lagi")
    page.locator(".own", has_text="Satu lagi").locator(".tick-sent").wait_for()
    assert len(shop.rows()) == 2
    page.reload()
    page.locator(".own", has_text="Satu lagi").wait_for()
    assert len(bubbles(page)) == 3


def test_the_desk_sees_that_the_answer_was_read(visit, shop, eventually):
    page = visit(shop)
    write(page, "Halo")
    page.locator(".tick-sent").wait_for()
    sent = shop.reply("Halo Kak")
    path = f"/api/app/inbox/conversations/{shop.rows()[0]['id']}/messages"

    def status():
        return next(item["status"] for item in shop.api.get(path).json()["items"] if item["id"] == sent["id"])

    eventually(lambda: status() == "read")


def test_a_tapped_button_answers_once_and_stays_tapped(visit, shop):
    page = visit(shop)
    write(page, "Halo")
    page.locator(".tick-sent").wait_for()
    shop.reply("Pilih pengiriman", buttons=BUTTONS)
    page.get_by_role("button", name="Kilat").click()
    page.locator(".own", has_text="Kilat").locator(".tick-sent").wait_for()
    for title in ("Reguler", "Kilat"):
        assert page.get_by_role("button", name=title).is_disabled()
    assert shop.heard() == ["Halo", "Kilat"]
    page.reload()
    chosen = page.get_by_role("button", name="Kilat")
    chosen.wait_for()
    assert chosen.is_disabled() and chosen.get_attribute("aria-pressed") == "true"


def test_what_was_typed_offline_is_sent_once_and_nothing_is_missed(visit, shop, eventually):
    page = visit(shop)
    write(page, "pertama")
    page.locator(".tick-sent").wait_for()
    page.context.set_offline(True)
    page.locator("#strip").wait_for()
    for at in range(3):
        write(page, f"luring {at}")
    page.locator(".tick-waiting").nth(2).wait_for()
    for at in range(60):
        shop.reply(f"jawaban {at}")
    page.context.set_offline(False)
    page.locator(".theirs", has_text="jawaban 59").wait_for(timeout=15_000)
    eventually(lambda: page.locator(".tick-waiting, .tick-sending").count() == 0)
    assert shop.heard() == ["pertama", "luring 0", "luring 1", "luring 2"]
    shown = bubbles(page)
    assert len(shown) == 64 and len(set(shown)) == 64
    assert page.locator("#strip").is_hidden()


def test_what_was_typed_offline_survives_closing_the_page(visit, shop, eventually):
    page = visit(shop)
    write(page, "pertama")
    page.locator(".tick-sent").wait_for()
    page.context.set_offline(True)
    write(page, "jangan hilang")
    page.locator(".tick-waiting").wait_for()
    page.close()
    context = page.context
    context.set_offline(False)
    again = context.new_page()
    again.goto(shop.path)
    again.locator(".own", has_text="jangan hilang").locator(".tick-sent").wait_for()
    assert shop.heard() == ["pertama", "jangan hilang"]


def test_a_lost_answer_does_not_double_the_message(visit, shop, eventually):
    page = visit(shop)
    lost = []

    def lose(route):
        if lost:
            return route.continue_()
        lost.append(route.fetch().status)
        route.abort()

    page.route(re.compile(r"/messages$"), lambda route: lose(route) if route.request.method == "POST" else route.continue_())
    write(page, "sekali saja")
    page.locator(".tick-sent").wait_for(timeout=15_000)
    assert lost == [201] and shop.heard() == ["sekali saja"]
    assert bubbles(page) == ["sekali saja"]


def test_two_tabs_are_one_visitor(visit, shop):
    page = visit(shop)
    write(page, "dari tab satu")
    page.locator(".tick-sent").wait_for()
    other = page.context.new_page()
    other.goto(shop.path)
    other.locator(".own", has_text="dari tab satu").wait_for()
    write(other, "dari tab dua")
    page.locator(".own", has_text="dari tab dua").wait_for()
    shop.reply("untuk keduanya")
    for tab in (page, other):
        tab.locator(".theirs", has_text="untuk keduanya").wait_for()
        assert len(bubbles(tab)) == 3
    assert len(shop.rows()) == 1


def test_an_expired_session_is_replaced_and_the_text_kept(visit, shop):
    page = visit(shop)
    write(page, "lama")
    page.locator(".tick-sent").wait_for()
    page.fill("#text", "belum selesai diket")
    name = f"cloudchat.chat.{shop.device.public_key}.token"
    page.evaluate("name => localStorage.setItem(name, JSON.stringify('x.y.z'))", name)
    page.reload()
    assert page.input_value("#text") == "belum selesai diket"
    page.click("#send")
    page.locator(".own", has_text="belum selesai diket").locator(".tick-sent").wait_for()
    assert page.evaluate("name => JSON.parse(localStorage.getItem(name)).length", name) > 20


def test_files_are_chosen_shown_and_sent(visit, shop, eventually):
    page = visit(shop)
    picture = {"name": "bukti.png", "mimeType": "image/png", "buffer": png(400, 300)}
    pdf = {"name": "daftar harga.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n%%EOF"}
    page.set_input_files("#picker", [picture, pdf])
    assert page.locator("#files li").count() == 2
    page.get_by_role("button", name=re.compile("daftar harga")).click()
    assert page.locator("#files li").count() == 1
    write(page, "ini buktinya")
    image = page.locator(".own img.picture")
    page.locator(".own", has_text="ini buktinya").locator(".tick-sent").wait_for()
    eventually(lambda: image.evaluate("image => image.complete && image.naturalWidth") == 400)
    page.reload()
    eventually(lambda: image.count() and image.evaluate("image => image.complete && image.naturalWidth") == 400)
    page.set_input_files("#picker", [pdf])
    page.click("#send")
    link = page.get_by_role("link", name=re.compile("daftar harga"))
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "daftar harga.pdf"


def test_an_address_that_expired_is_renewed(visit, shop, eventually):
    page = visit(shop)
    page.set_input_files("#picker", [{"name": "bukti.png", "mimeType": "image/png", "buffer": png(40, 30)}])
    page.click("#send")
    page.locator(".own .tick-sent").wait_for()
    page.route(re.compile(r"\?t="), lambda route: route.fulfill(status=404) if not fresh else route.continue_())
    fresh = []
    page.on("request", lambda request: request.url.endswith("/link") and fresh.append(1))
    page.reload()
    image = page.locator(".own img.picture")
    eventually(lambda: image.count() and image.evaluate("image => image.complete && image.naturalWidth") == 40)
    assert fresh


def test_files_can_be_dropped_and_pasted(visit, shop):
    page = visit(shop)
    for kind in ("drop", "paste"):
        page.evaluate(
            """([kind, bytes]) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], `${kind}.png`, {type: "image/png"}));
                const made = kind === "drop"
                    ? new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true})
                    : new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
                document.body.dispatchEvent(made);
            }""",
            [kind, list(png(10, 10))],
        )
    assert page.locator("#files li").count() == 2
    page.click("#send")
    page.locator(".own .tick-sent").nth(1).wait_for()


def test_files_that_cannot_be_sent_are_named(visit, shop):
    page = visit(shop)
    page.set_input_files("#picker", [{"name": "virus.exe", "mimeType": "application/octet-stream", "buffer": b"MZ"}])
    assert "virus.exe" in page.locator("#problem").text_content()
    page.set_input_files("#picker", [{"name": "kosong.png", "mimeType": "image/png", "buffer": b""}])
    assert "kosong.png" in page.locator("#problem").text_content()
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(25 * 1024 * 1024 + 1)], "film.mp4", {type: "video/mp4"}));
            document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
        }"""
    )
    assert "film.mp4" in page.locator("#problem").text_content()
    assert page.locator("#files li").count() == 0
    page.set_input_files("#picker", [{"name": "aneh.bin", "mimeType": "application/zip", "buffer": bytes(range(256))}])
    page.click("#send")
    page.locator(".failed .reason").wait_for()
    page.locator(".failed button").last.click()
    assert page.locator(".message").count() == 0


def test_typing_is_told_both_ways(visit, shop, desk, eventually):
    import socketio

    page = visit(shop)
    write(page, "Halo")
    page.locator(".tick-sent").wait_for()
    row, heard = shop.rows()[0], []
    agent = socketio.Client(reconnection=False)
    agent.on("typing", lambda data: heard.append(data["typing"]))
    agent.connect(desk, auth={"token": shop.cast.agent.token}, transports=["websocket"])
    try:
        eventually(lambda: "connected" if page.locator("#state").text_content() else "")
        page.locator("#text").press_sequentially("sebentar", delay=30)
        eventually(lambda: heard[:1] == [True])
        page.click("#send")
        eventually(lambda: heard[-1] is False)
        assert len(heard) <= 3, "typing hints are throttled"
        agent.emit("typing", {"conversationId": row["id"], "typing": True})
        page.locator("#typing").wait_for()
        shop.reply("ini jawabannya")
        page.locator("#typing").wait_for(state="hidden")
    finally:
        agent.eio.disconnect(abort=True)


def test_a_hidden_page_counts_in_its_title(visit, shop, eventually):
    page = visit(shop)
    write(page, "Halo")
    page.locator(".tick-sent").wait_for()
    page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", {get: () => window.away, configurable: true});
            window.away = true;
        }"""
    )
    shop.reply("satu")
    shop.reply("dua")
    eventually(lambda: page.title() == "(2) Toko Kopi")
    page.evaluate("() => { window.away = false; document.dispatchEvent(new Event('visibilitychange')); }")
    eventually(lambda: page.title() == "Toko Kopi")


def test_reading_further_up_is_not_disturbed(visit, shop):
    page = visit(shop, width=375, height=600)
    write(page, "Halo")
    page.locator(".tick-sent").wait_for()
    for at in range(30):
        shop.reply(f"baris {at}")
    page.locator(".theirs", has_text="baris 29").wait_for()
    page.evaluate("document.getElementById('scroll').scrollTop = 100")
    page.wait_for_timeout(100)
    shop.reply("di bawah")
    page.locator("#pill").wait_for()
    assert page.evaluate("document.getElementById('scroll').scrollTop") == 100
    page.click("#pill")
    page.locator("#pill").wait_for(state="hidden")


def test_older_messages_load_above(visit, shop):
    page = visit(shop)
    write(page, "paling awal")
    page.locator(".tick-sent").wait_for()
    for at in range(60):
        shop.reply(f"baris {at}")
    page.reload()
    page.locator(".theirs", has_text="baris 59").wait_for()
    assert page.locator(".message").count() == 50
    page.click("#older")
    page.locator(".own", has_text="paling awal").wait_for()
    assert page.locator(".message").count() == 61 and page.locator("#older").is_hidden()


def test_without_storage_the_chat_still_works(open_page, shop):
    page = open_page()
    page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, name, {get() { throw new DOMException('blocked', 'SecurityError'); }});"
    )
    page.goto(shop.path)
    write(page, "tanpa penyimpanan")
    page.locator(".tick-sent").wait_for()
    shop.reply("tetap sampai")
    page.locator(".theirs", has_text="tetap sampai").wait_for()


def test_without_websockets_the_page_asks(open_page, shop):
    page = open_page()
    page.route_web_socket(re.compile("socket.io"), lambda line: line.close())
    page.goto(shop.path)
    write(page, "tanpa soket")
    page.locator(".tick-sent").wait_for()
    shop.reply("lewat tanya")
    page.locator(".theirs", has_text="lewat tanya").wait_for(timeout=20_000)


def test_the_name_is_asked_for_once(visit, desk, cast):
    shop = Shop(desk, cast, ask_name=True)
    page = visit(shop)
    page.fill("#name", "Ani Wijaya")
    write(page, "Halo")
    page.locator(".tick-sent").wait_for()
    assert page.locator("#ask").is_hidden()
    assert shop.rows()[0]["contact"]["name"] == "Ani Wijaya"


def test_keys_send_and_break_lines(visit, shop):
    page = visit(shop)
    page.locator("#text").press_sequentially("satu")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("dua")
    page.keyboard.press("Enter")
    page.locator(".tick-sent").wait_for()
    assert shop.heard() == ["satu\ndua"]
    page.fill("#text", "x" * 4100)
    assert page.locator("#send").is_disabled() and page.locator("#problem").is_visible()


@pytest.mark.parametrize("color", ["#0f766e", "#ffee00", "#808080", "#000000", "#ffffff"])
def test_nothing_serious_for_screen_readers_in_any_colour(visit, desk, cast, color):
    shop = Shop(desk, cast, color=color, ask_name=True)
    for dark in (False, True):
        page = visit(shop, width=375, height=740, dark=dark)
        accessible(page)
        write(page, "Halo, lihat https://toko.example")
        page.locator(".tick-sent").wait_for()
        shop.act("assign", {"agent_id": shop.cast.agent.id})
        shop.reply("Pilih", buttons=BUTTONS)
        page.get_by_role("button", name="Kilat").click()
        page.set_input_files("#picker", [{"name": "a.zip", "mimeType": "application/zip", "buffer": bytes(range(256))}])
        page.click("#send")
        page.locator(".failed .reason").wait_for()
        accessible(page)


def png(width: int, height: int) -> bytes:
    """A plain picture of this size."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x2a\x9d\x8f" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
