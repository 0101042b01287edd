"""Accessibility checks with axe-core, which set-up installs for tests."""

from collections.abc import Iterator

from tests.conftest import ROOT

LOOKS = ((1440, "light"), (1440, "dark"), (375, "light"))
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
SOURCE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


def serious(page) -> list[str]:
    """What axe finds serious or critical on the page, one line each with the element."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(SOURCE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{item['id']}: {node['html'][:160]}"
        for item in found["violations"]
        if item["impact"] in ("serious", "critical")
        for node in item["nodes"]
    ]


def looks(page) -> Iterator[str]:
    """The page as it stands on a wide screen, then in the dark, then on a phone."""
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 740 if width < 768 else 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate(DRAWN)
        yield f"{scheme}, {width} px"
