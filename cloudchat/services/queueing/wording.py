"""Filling the texts that an organization writes: plain replacement of known names, in one pass."""

import re

_PLACEHOLDER = re.compile(r"\{(division|queue_number|agent)\}")


def fill(template: str, **values: object) -> str:
    """The template with {division}, {queue_number} and {agent} replaced where a value is given.

    One pass, so a division that is named "{queue_number}" stays that; any other brace is plain text.
    """
    return _PLACEHOLDER.sub(lambda match: str(values[match[1]]) if match[1] in values else match[0], template)
