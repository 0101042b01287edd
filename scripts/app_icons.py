"""Draw the icons of the installed app (static/img/app-*.png) from the logo: `python -m scripts.app_icons`."""

import os
from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "static" / "img"
# name, size, share of the picture that the logo takes: systems cut a maskable one to their own shape
ICONS = (("app-192", 192, 0.86), ("app-512", 512, 0.86), ("app-maskable-512", 512, 0.6))


def main() -> None:
    logo = (IMAGES / "favicon.svg").read_text()
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for name, size, share in ICONS:
            page = browser.new_page(viewport={"width": size, "height": size})
            whole = "display:grid;place-items:center;height:100vh;margin:0;background:#fff"
            page.set_content(f'<body style="{whole}"><div style="width:{share:%}">{logo}</div>')
            page.screenshot(path=IMAGES / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
