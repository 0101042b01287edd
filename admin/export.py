"""What a row's value becomes in a CSV file of the admin screens."""

from datetime import date, datetime
from typing import Any

from cloudchat.services import contact_export


def safe_cell(value: Any) -> str:
    """The value as text that a spreadsheet shows and never runs."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return contact_export.safe_cell("" if value is None else str(value))
