"""Files in the hosted chat page: chosen, dropped, pasted, refused, shown, downloaded."""

import re

from tests.browser.webchat_tools import UNKNOWN, png, write


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
    eventually(
        lambda: image.count() and image.evaluate("image => image.complete && image.naturalWidth") == 400
    )
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
    page.route(
        re.compile(r"\?t="), lambda route: route.fulfill(status=404) if not fresh else route.continue_()
    )
    fresh = []
    page.on("request", lambda request: request.url.endswith("/link") and fresh.append(1))
    page.reload()
    image = page.locator(".own img.picture")
    eventually(
        lambda: image.count() and image.evaluate("image => image.complete && image.naturalWidth") == 40
    )
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
    page.set_input_files(
        "#picker", [{"name": "virus.exe", "mimeType": "application/octet-stream", "buffer": b"MZ"}]
    )
    assert "virus.exe" in page.locator("#problem").text_content()
    page.set_input_files("#picker", [{"name": "kosong.png", "mimeType": "image/png", "buffer": b""}])
    assert "kosong.png" in page.locator("#problem").text_content()
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(25 * 1024 * 1024 + 1)], "film.mp4", {type: "video/mp4"}));
            const options = {dataTransfer: data, bubbles: true, cancelable: true};
            document.body.dispatchEvent(new DragEvent("drop", options));
        }"""
    )
    assert "film.mp4" in page.locator("#problem").text_content()
    assert page.locator("#files li").count() == 0
    page.set_input_files("#picker", [{"name": "aneh.bin", "mimeType": "application/zip", "buffer": UNKNOWN}])
    page.click("#send")
    page.locator(".failed .reason").wait_for()
    page.locator(".failed button").last.click()
    assert page.locator(".message").count() == 0
