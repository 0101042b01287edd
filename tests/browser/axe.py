"""Accessibility checks with axe-core, which set-up installs for tests."""

from tests.conftest import ROOT

SOURCE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


def serious(page, rules: tuple[str, ...] = ()) -> list[str]:
    """What axe finds serious or critical, one line each with the element; by all rules or by some."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(SOURCE.read_text())
    only = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
    found = page.evaluate("(options) => axe.run(document, options)", {"resultTypes": ["violations"]} | only)
    return [
        f"{item['id']}: {node['html'][:160]}"
        for item in found["violations"]
        if item["impact"] in ("serious", "critical")
        for node in item["nodes"]
    ]
