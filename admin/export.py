"""CSV that a spreadsheet shows and never runs."""

from datetime import date, datetime
from typing import Any

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_cell(value: Any) -> str:
    """The value as text; what a spreadsheet would take for a formula gets a quote in front."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    text = "" if value is None else str(value)
    return "'" + text if text.lstrip(" ").startswith(FORMULA_SIGNS) else text
