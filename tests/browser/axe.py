"""Accessibility checks with axe-core, which set-up installs for tests."""

from tests.conftest import ROOT

SOURCE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


def serious(page) -> list[str]:
    """What axe finds serious or critical on the page, one line each with the element."""
    page.evaluate(SOURCE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{item['id']}: {node['html'][:160]}"
        for item in found["violations"]
        if item["impact"] in ("serious", "critical")
        for node in item["nodes"]
    ]
