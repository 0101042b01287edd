"""What leaves for the provider is without the contact's name, phone numbers and e-mail addresses."""

import re

_NUMBER = re.compile(r"(?<!\w)\+?\d(?:[\s().-]{0,2}\d){7,}(?!\w)")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
SHORTEST_NAME = 3


def blanked(text: str, name: str | None = None) -> str:
    """The text with each of them replaced by what it was."""
    text = _NUMBER.sub("[number]", _EMAIL.sub("[email]", text))
    words = [word for word in re.findall(r"\w+", name or "") if len(word) >= SHORTEST_NAME]
    if words:
        pattern = rf"\b(?:{'|'.join(map(re.escape, words))})\b"
        text = re.sub(rf"{pattern}(?:\s+{pattern})*", "[name]", text, flags=re.IGNORECASE)
    return text
