"""Meta's rules for the buttons of a template."""

import re
from typing import Any
from urllib.parse import urlsplit

from cloudchat.channels.payload import dicts
from cloudchat.services.meta_templates.variables import VARIABLE, Problems, text_of

LIMITS = {"buttons": 10, "button": 25, "url": 2000, "phone_number": 20, "code": 15}
MOST = {"QUICK_REPLY": 10, "URL": 2, "PHONE_NUMBER": 1, "COPY_CODE": 1, "OTP": 1}
KEPT_OTP = ("otp_type", "text", "autofill_text", "supported_apps", "zero_tap_terms_accepted")


def checked(part: dict, category: str, problems: Problems) -> list[dict[str, Any]]:
    """The buttons in one spelling; what is wrong goes to `problems` by their place, from 0."""
    given = dicts(part.get("buttons"))
    if not given:
        problems.add("buttons", "required")
    if len(given) > LIMITS["buttons"]:
        problems.add("buttons", "buttons_too_many")
        return []
    kinds = [str(button.get("type") or "").upper() for button in given]
    made = [
        _button(f"buttons.{place}", kind, button, category, problems)
        for place, (kind, button) in enumerate(zip(kinds, given, strict=True))
    ]
    for kind, most in MOST.items():
        if kinds.count(kind) > most:
            problems.add("buttons", f"buttons_{kind.lower()}")
    if _groups(kinds) > 1:
        problems.add("buttons", "buttons_order")
    labels = [button["text"] for button in made if button.get("text")]
    if len(set(labels)) < len(labels):
        problems.add("buttons", "choices_alike")
    return made


def _groups(kinds: list[str]) -> int:
    """In how many places quick replies stand together."""
    quick = [kind == "QUICK_REPLY" for kind in kinds]
    return sum(here and not before for before, here in zip([False, *quick], quick, strict=False))


def _button(where: str, kind: str, button: dict, category: str, problems: Problems) -> dict[str, Any]:
    if kind not in MOST or (kind == "OTP") != (category == "AUTHENTICATION"):
        problems.add(where, "unsupported")
        return {}
    if kind == "OTP":
        return {"type": kind, **{key: button[key] for key in KEPT_OTP if key in button}}
    if kind == "COPY_CODE":
        code = _sample(button)
        problems.length(f"{where}.example", code, LIMITS["code"])
        return {"type": kind, "example": code}
    text = text_of(button).strip()
    problems.length(f"{where}.text", text, LIMITS["button"])
    if VARIABLE.search(text):
        problems.add(f"{where}.text", "variables_not_here")
    made = {"type": kind, "text": text}
    if kind == "URL":
        made |= _url(where, button, problems)
    elif kind == "PHONE_NUMBER":
        made["phone_number"] = number = re.sub(r"[\s().-]", "", str(button.get("phone_number") or ""))
        if not re.fullmatch(r"\+?[0-9]{7,19}", number):
            problems.add(f"{where}.phone_number", "phone_invalid" if number else "required")
    return made


def _url(where: str, button: dict, problems: Problems) -> dict[str, Any]:
    url = str(button.get("url") or "").strip()
    problems.length(f"{where}.url", url, LIMITS["url"])
    found = VARIABLE.findall(url)
    bare = VARIABLE.sub("", url)
    if url and not _is_address(bare):
        problems.add(f"{where}.url", "template_url_invalid")
    if not found:
        return {"url": url}
    if len(found) > 1 or not url.endswith("{{1}}"):
        problems.add(f"{where}.url", "url_variable_place")
    sample = _sample(button)
    if not sample.strip():
        problems.add(f"{where}.example", "example_needed")
    return {"url": url, "example": [sample]}


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s{}]", url)


def _sample(button: dict) -> str:
    given = button.get("example")
    given = given[0] if isinstance(given, list) and given else given
    return given if isinstance(given, str) else ""
