#!/usr/bin/env python
"""Look the pinned Python packages up among the known vulnerabilities (PyPI's list).

Red where one is known and docs/dependencies.md does not say why we live with it: a line
`accepted: <id> until <YYYY-MM-DD>: <reason>`. Where the list cannot be reached it says so and is green: a
machine without a network must be able to check all the rest.
"""

import json
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ACCEPTED = re.compile(r"^accepted: (\S+) until (\d{4}-\d\d-\d\d): ", re.MULTILINE)


def main() -> int:
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--format", "json"]
    done = subprocess.run(
        [*command, "-r", "requirements.txt"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        packages = []
    looked_up = [one for one in packages if "vulns" in one]
    if not looked_up:
        print("audit: the list of vulnerabilities cannot be reached, nothing was looked up", file=sys.stderr)
        return 0
    notes = (ROOT / "docs" / "dependencies.md").read_text()
    today = datetime.now(UTC).date()
    accepted = {name for name, until in ACCEPTED.findall(notes) if date.fromisoformat(until) >= today}
    bad = [
        f"{one['name']} {one['version']}: {vuln['id']}, mended in {', '.join(vuln['fix_versions']) or 'none'}"
        for one in looked_up
        for vuln in one["vulns"]
        if not accepted & {vuln["id"], *vuln.get("aliases", ())}
    ]
    print("\n".join(bad) or f"audit: nothing known against {len(looked_up)} packages", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
