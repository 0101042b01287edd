"""Figures as the document has them: runs, median, spread, limit, ratio, bar, verdict."""

import platform
import shutil
import statistics
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.bench.stack import ROOT, Stack


@dataclass
class Figure:
    """One figure of proof.md. `runs` hold the product's own numbers, one for each repetition."""

    id: str
    title: str
    unit: str
    runs: list[float]
    bar: str
    passed: bool
    limit: dict[str, Any] | None = None
    ratio: float | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        known = asdict(self)
        return {**known, "runs": rounded(self.runs), **summary(self.runs)}


def summary(runs: list[float]) -> dict[str, float]:
    """Median, and spread as (largest - smallest) / median."""
    middle = statistics.median(runs) if runs else 0.0
    spread = (max(runs) - min(runs)) / middle if middle else 0.0
    return {"median": round(middle, 3), "spread": round(spread, 3)}


def limit(name: str, title: str, unit: str, runs: list[float]) -> dict[str, Any]:
    """A limit's readings in the same form."""
    return {"id": name, "title": title, "unit": unit, "runs": rounded(runs), **summary(runs)}


def rounded(runs: list[float]) -> list[float]:
    return [round(value, 3) for value in runs]


def at(values: list[float], part: float) -> float:
    """A percentile of the values, 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part / 100))] if ordered else 0.0


class Busy:
    """CPU time between two moments: of given processes, and of everything that is not ours."""

    def __init__(self, **watched: psutil.Process):
        self.watched = watched
        self.begin = self._read()

    def _read(self) -> tuple[float, float, dict[str, float]]:
        times = psutil.cpu_times()
        working = sum(times) - times.idle - times.iowait - times.guest - times.guest_nice
        return time.monotonic(), working, {n: cpu_of(p) for n, p in self.watched.items()}

    def others(self, *own: float) -> float:
        """The share of the machine that went to programs which are neither watched nor `own`."""
        used = self.until_now()
        ours = sum(used[name] for name in self.watched) + sum(own)
        return round(max(0.0, used["machine"] - ours) / used["wall"] / psutil.cpu_count(), 2)

    def until_now(self) -> dict[str, float]:
        """Seconds of CPU by name, `machine` for all programs, `wall` for the clock."""
        then, before, ours = self.begin
        now, after, present = self._read()
        used = {name: round(present[name] - ours[name], 3) for name in ours}
        return {**used, "machine": round(after - before, 3), "wall": round(now - then, 3)}


def cpu_of(process: psutil.Process) -> float:
    """CPU seconds of a process and its children, gone or present (PostgreSQL's backends)."""
    gone = process.cpu_times()
    total = gone.children_user + gone.children_system
    for one in (process, *process.children(recursive=True)):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def machine(stack: Stack) -> dict[str, Any]:
    """What the figures were taken on."""
    with stack.sql("postgres") as connection:
        (postgres,) = connection.execute("show server_version").fetchone()
        (fsync,) = connection.execute("show fsync").fetchone()
    disk = subprocess.run(
        ["df", "--output=fstype", str(stack.folder)], capture_output=True, text=True, check=False
    ).stdout.split()
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "disk": disk[-1] if disk else "unknown",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgres": postgres,
        "fsync": fsync,
        "load_at_start": round(psutil.getloadavg()[0], 2),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), "?")


def commit() -> str:
    """The commit that is measured, with a mark when the tree differs from it."""
    if not shutil.which("git"):
        return "unknown"
    asked = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


MARKS = ("<!-- figures -->", "<!-- /figures -->")


def write_docs(document: dict[str, Any], path: Path) -> None:
    """Put the table of figures between the marks of the page."""
    before, rest = path.read_text().split(MARKS[0], 1)
    after = rest.split(MARKS[1], 1)[1]
    path.write_text(f"{before}{MARKS[0]}\n{table(document)}\n{MARKS[1]}{after}")


def table(document: dict[str, Any]) -> str:
    here = document["machine"]
    lines = [
        f"{document['at'][:10]}, commit {document['commit']}: {here['processor']}, "
        f"{here['cores']} cores, {here['memory_gb']} GB, {here['disk']}, {here['system']}, "
        f"Python {here['python']}, PostgreSQL {here['postgres']}"
        + (", `--quick`" if document["quick"] else "")
        + ".\n",
        "| id | figure | median | spread | limit | ratio | bar | held |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, figure in document["figures"].items():
        beside = figure["limit"]
        cells = [
            name,
            figure["title"],
            f"{figure['median']:g} {figure['unit']}",
            f"{figure['spread']:.0%}",
            f"{beside['id']}: {beside['median']:g} {beside['unit']}" if beside else "–",
            f"{figure['ratio']:g}" if figure["ratio"] else "–",
            figure["bar"].replace(">=", "≥").replace("<=", "≤"),
            "yes" if figure["passed"] else "no",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
