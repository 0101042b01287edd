"""What leaves for the provider is without the contact's name, phone numbers and e-mail addresses.

A number is blanked rather once too often: of ten digits and more nobody can tell whether they are an order
or a phone. Hours, dates and amounts stay, since questions are about them.
"""

import re

# Between digits of a number: blanks, hyphens of every kind, marks that nobody sees
_BETWEEN = r"[\s\u00ad\u200b-\u2015\u202a-\u202e\u2060-\u206f\u2212\ufeff()./-]{0,3}"
_PHONE = rf"(?:\+|(?<!\d)0)(?:{_BETWEEN}\d){{8,}}|(?<!\d)\d(?:{_BETWEEN}\d){{9,}}"
_HOUR = r"(?:[01]?\d|2[0-4])[.:][0-5][05](?![.:]?\d)"
_DATE = r"(?:\d{4}-\d\d-\d\d|\d\d?[-/.]\d\d?[-/.](?:19|20)\d\d)(?!\d)"
_AMOUNT = r"[1-9]\d{0,2}(?:\.\d{3}){0,3}\.000(?!\d)"
_NUMBER = re.compile(rf"(?P<kept>(?<!\d)(?:{_HOUR}|{_DATE}|{_AMOUNT}))|{_PHONE}")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
SHORTEST_NAME = 3


def blanked(text: str, name: str | None = None) -> str:
    """The text with each of them replaced by what it was."""
    text = _NUMBER.sub(lambda found: found["kept"] or "[number]", _EMAIL.sub("[email]", text))
    words = [word for word in re.findall(r"\w+", name or "") if len(word) >= SHORTEST_NAME]
    if words:
        pattern = rf"\b(?:{'|'.join(map(re.escape, words))})\b"
        text = re.sub(rf"{pattern}(?:\s+{pattern})*", "[name]", text, flags=re.IGNORECASE)
    return text
