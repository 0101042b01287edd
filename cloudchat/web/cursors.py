"""Where a list goes on, as a word that callers hand back unread."""

import base64
import json
from typing import Any

from cloudchat.bodies import fits_database
from cloudchat.errors import Invalid


def encode_cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *kinds: type) -> tuple | None:
    """The parts of a cursor that we handed out. Raises Invalid for anything else."""
    if not cursor:
        return None
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor[:500] + "=" * (-len(cursor) % 4)))
        if len(parts) != len(kinds) or not all(map(isinstance, parts, kinds)):
            raise ValueError
        if not all(fits_database(part) for part in parts if isinstance(part, str)):
            raise ValueError
        return tuple(parts)
    except (ValueError, TypeError):
        raise Invalid(code="invalid", fields={"cursor": ["invalid_cursor"]}) from None
