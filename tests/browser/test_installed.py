"""The desk as an installed app: what browsers ask for, and a page of ours where there is no network."""

from playwright.sync_api import expect

WIDTH = "async (src) => { const i = new Image(); i.src = src; await i.decode(); return i.naturalWidth }"
KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys())
    for (const { url } of await (await caches.open(name)).keys()) found.push(new URL(url).pathname);
  return found;
}"""


def test_it_can_be_installed_and_says_when_there_is_no_network(sign_in, cast):
    page = sign_in(cast.agent, "/app/contacts", service_worker=True)
    told = page.context.new_cdp_session(page).send("Page.getAppManifest")
    assert told["errors"] == [] and told["url"].endswith("/app/manifest.webmanifest")
    manifest = page.evaluate("async () => (await fetch('/app/manifest.webmanifest')).json()")
    assert manifest["start_url"].startswith(manifest["scope"]) and manifest["display"] == "standalone"
    assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
    for icon in manifest["icons"]:
        width = page.evaluate(WIDTH, icon["src"])
        assert icon["sizes"] == f"{width}x{width}"
    page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
    page.wait_for_function("() => caches.match('/app/offline').then(Boolean)")
    page.context.set_offline(True)
    page.goto("/app/inbox")
    expect(page.get_by_role("heading", name="Tidak ada koneksi")).to_be_visible()
    assert cast.agent.name not in page.content()
    kept = page.evaluate(KEPT)
    assert kept == ["/app/offline"]
    page.context.set_offline(False)
    page.get_by_role("link", name="Coba lagi").click()
    expect(page.locator("#main")).to_contain_text(cast.agent.name.split()[0])
