"""Meta's rules for a template's text, asked before Meta is. Pure: no database, no network.

`checked` takes Meta's own create body and gives it back in one spelling; every refusal names the
field at fault, so that the builder shows the same while somebody types.
"""

import re
from dataclasses import dataclass
from typing import Any

from cloudchat.channels.payload import as_dict, clean, dicts
from cloudchat.errors import Invalid
from cloudchat.services.meta_templates import buttons as button_rules
from cloudchat.services.meta_templates.variables import Problems, names_in, param_errors, text_of

CATEGORIES = ("UTILITY", "MARKETING", "AUTHENTICATION")
HEADER_KINDS = ("TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION")
MEDIA_KINDS = ("IMAGE", "VIDEO", "DOCUMENT")
LIMITS = {"name": 512, "header": 60, "body": 1024, "footer": 60, **button_rules.LIMITS}
NAME = re.compile(r"[a-z0-9_]{1,512}")
LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,4})?")
DENSITY = 3  # words for each variable, below which Meta is known to refuse (a warning, not a rule)


@dataclass(frozen=True)
class Draft:
    """A template as it may be handed to Meta."""

    name: str
    language: str
    category: str
    parameter_format: str
    components: list[dict[str, Any]]

    def body(self) -> dict[str, Any]:
        """Meta's create body."""
        return {
            "name": self.name,
            "language": self.language,
            "category": self.category,
            "parameter_format": self.parameter_format,
            "components": self.components,
        }


def normal_language(code: Any) -> str:
    """`en-us` and `en_US` are one language; Meta writes both."""
    first, _, region = str(code or "").strip().replace("-", "_").partition("_")
    return f"{first.lower()}_{region.upper()}" if region else first.lower()


def checked(given: dict) -> Draft:
    """The template in one spelling. Raises Invalid with the fields at fault."""
    problems = Problems()
    name, language = str(given.get("name") or "").strip(), normal_language(given.get("language"))
    category = str(given.get("category") or "").strip().upper()
    if not NAME.fullmatch(name):
        problems.add("name", "template_name_invalid" if name else "required")
    if not LANGUAGE.fullmatch(language):
        problems.add("language", "template_language_invalid" if language else "required")
    if category not in CATEGORIES:
        problems.add("category", "unknown" if category else "required")
    parts = _parts(given.get("components"), problems)
    style = _format(given.get("parameter_format"), parts, problems)
    components = _components(parts, style, category, problems)
    if problems.fields:
        raise Invalid("template", fields=problems.fields)
    return Draft(name, language, category, style, components)


def warnings(draft: Draft) -> list[str]:
    """What Meta often refuses though no published rule says so."""
    body = text_of(next(part for part in draft.components if part["type"] == "BODY"))
    count = len(names_in(body))
    words = len(re.sub(r"\{\{[^{}]*\}\}", " ", body).split())
    return ["variables_dense"] if count and words + count < DENSITY * count + 1 else []


def _parts(components: Any, problems: Problems) -> dict[str, dict]:
    """The components by type, each at most once."""
    found: dict[str, dict] = {}
    for part in dicts(clean(components)):
        kind = str(part.get("type") or "").upper()
        if kind not in ("HEADER", "BODY", "FOOTER", "BUTTONS"):
            problems.add("components", "unsupported")
        elif kind in found:
            problems.add(kind.lower(), "named_twice")
        else:
            found[kind] = part
    return found


def _format(given: Any, parts: dict[str, dict], problems: Problems) -> str:
    """POSITIONAL or NAMED: as it is said, else as the variables look."""
    style = str(given or "").upper()
    if style in ("POSITIONAL", "NAMED"):
        return style
    if style:
        problems.add("parameter_format", "unknown")
    names = [name for kind in ("HEADER", "BODY") for name in names_in(text_of(parts.get(kind)))]
    return "NAMED" if any(not name.isdigit() for name in names) else "POSITIONAL"


def _components(parts: dict[str, dict], style: str, category: str, problems: Problems) -> list[dict]:
    made = []
    if "HEADER" in parts:
        made.append(_header(parts["HEADER"], style, category, problems))
    made.append(_body(parts.get("BODY"), style, category, problems))
    if "FOOTER" in parts:
        made.append(_footer(parts["FOOTER"], category, problems))
    if "BUTTONS" in parts and (chosen := button_rules.checked(parts["BUTTONS"], category, problems)):
        made.append({"type": "BUTTONS", "buttons": chosen})
    return made


def _header(part: dict, style: str, category: str, problems: Problems) -> dict:
    kind = str(part.get("format") or "TEXT").upper()
    if kind not in HEADER_KINDS:
        problems.add("header", "unsupported")
        return {}
    made: dict[str, Any] = {"type": "HEADER", "format": kind}
    example = as_dict(part.get("example"))
    if kind in MEDIA_KINDS:
        handles = example.get("header_handle")
        given = handles[0] if isinstance(handles, list) and handles else None
        # Meta lists a sample by its address, and takes none but the handle of an upload.
        if not isinstance(given, str) or not given or given.startswith(("https://", "http://")):
            problems.add("header.example", "header_file_needed")
        else:
            made["example"] = {"header_handle": handles[:1]}
    elif kind == "LOCATION" and category == "AUTHENTICATION":
        problems.add("header", "header_location_category")
    elif kind == "TEXT":
        made["text"] = text = text_of(part).strip()
        problems.length("header", text, LIMITS["header"])
        if "\n" in text or re.search(r"[*_~`]{2,}", re.sub(r"\{\{[^{}]*\}\}", "", text)):
            problems.add("header", "header_plain")
        if len(names_in(text)) > 1:
            problems.add("header", "header_one_variable")
        made |= param_errors("header", text, style, example, problems)
    return made


def _body(part: dict | None, style: str, category: str, problems: Problems) -> dict:
    text = text_of(part).strip()
    if category == "AUTHENTICATION" and part is not None and not text:  # Meta writes this text itself
        secure = part.get("add_security_recommendation") is True
        return {"type": "BODY", **({"add_security_recommendation": True} if secure else {})}
    problems.length("body", text, LIMITS["body"])
    if re.match(r"\{\{[^{}]*\}\}", text) or re.search(r"\{\{[^{}]*\}\}$", text):
        problems.add("body", "variable_at_edge")
    if re.search(r"\}\}\s*\{\{", text):
        problems.add("body", "variables_adjacent")
    example = as_dict(part.get("example")) if part else {}
    return {"type": "BODY", "text": text, **param_errors("body", text, style, example, problems)}


def _footer(part: dict, category: str, problems: Problems) -> dict:
    minutes = part.get("code_expiration_minutes")
    if category == "AUTHENTICATION" and isinstance(minutes, int) and not text_of(part):
        return {"type": "FOOTER", "code_expiration_minutes": minutes}
    text = text_of(part).strip()
    problems.length("footer", text, LIMITS["footer"])
    if names_in(text):
        problems.add("footer", "variables_not_here")
    return {"type": "FOOTER", "text": text}
