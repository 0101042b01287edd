"""A template and its variables become what Meta's send call takes, and the text that people read.

Variables are named as the body names them (`1`, `first_name`); those of other parts say where they
stand: `header.1`, `header` for a file's link or id, `button.0` for the end of a button's address.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cloudchat.channels.payload import as_dict, clean_text, dicts
from cloudchat.clients import guarded
from cloudchat.errors import Invalid
from cloudchat.models import MetaTemplate
from cloudchat.services.meta_templates.variables import VARIABLE, Problems, names_in, samples_of, text_of

LONGEST_BODY = 1024
LONGEST_HEADER = 60
LONGEST_VALUE = 1000
_MEDIA_ID = re.compile(r"[0-9]{1,64}")
MEDIA = ("IMAGE", "VIDEO", "DOCUMENT")


@dataclass(frozen=True)
class Filled:
    """`payload` is Meta's `template` object; the rest is what a reader sees."""

    payload: dict[str, Any]
    text: str
    header: dict[str, Any] | None = None
    footer: str | None = None
    buttons: list[dict[str, Any]] = field(default_factory=list)
    sample: str | None = None  # the address at Meta of the file that the header is to show

    def shown(self) -> dict[str, Any]:
        """What a message keeps of it beside its text."""
        made = {"header": self.header, "footer": self.footer, "buttons": self.buttons}
        return {key: value for key, value in made.items() if value}


def fields_of(row: MetaTemplate) -> list[dict[str, str]]:
    """What has to be filled in: `{key, kind, example}`; kind: text, image, video, document, location,
    url, code."""
    fields = []
    for part in dicts(row.components):
        kind = str(part.get("type") or "").upper()
        if kind == "HEADER":
            fields += _header_fields(part, row.parameter_format)
        elif kind == "BODY":
            samples = samples_of("body", row.parameter_format, as_dict(part.get("example")))
            fields += [_field(name, "text", samples.get(name, "")) for name in names_in(text_of(part))]
        elif kind == "BUTTONS":
            fields += _button_fields(part)
    return fields


def _header_fields(part: dict, style: str) -> list[dict[str, str]]:
    kind = str(part.get("format") or "TEXT").upper()
    if kind != "TEXT":
        return [_field("header", kind.lower(), sample_of(part))]
    samples = samples_of("header", style, as_dict(part.get("example")))
    return [_field(f"header.{name}", "text", samples.get(name, "")) for name in names_in(text_of(part))]


def _button_fields(part: dict) -> list[dict[str, str]]:
    fields = []
    for place, button in enumerate(dicts(part.get("buttons"))):
        example = button.get("example")
        sample = str((example[0] if isinstance(example, list) and example else example) or "")
        if VARIABLE.search(str(button.get("url") or "")):
            fields.append(_field(f"button.{place}", "url", sample))
        elif str(button.get("type")).upper() in ("COPY_CODE", "OTP"):
            fields.append(_field(f"button.{place}", "code", sample))
    return fields


def _field(key: str, kind: str, example: str) -> dict[str, str]:
    return {"key": key, "kind": kind, "example": example}


def sample_of(part: dict) -> str:
    """The address at Meta of a media header's sample, where the list has told it; else nothing."""
    handles = as_dict(part.get("example")).get("header_handle")
    first = handles[0] if isinstance(handles, list) and handles else ""
    is_address = isinstance(first, str) and first.startswith(("https://", "http://"))
    return first if is_address and len(first) <= guarded.LONGEST_URL else ""


def header_kind(row: MetaTemplate) -> str | None:
    """image, video or document, where the template's header shows a file."""
    for part in dicts(row.components):
        kind = str(part.get("format") or "").upper()
        if str(part.get("type") or "").upper() == "HEADER" and kind in MEDIA:
            return kind.lower()
    return None


def fill(row: MetaTemplate, variables: dict[str, Any] | None, filename: str | None = None) -> Filled:
    """Put the variables in. `filename`: a file for the header goes along with the message, and gets its
    id when that is sent. Raises Invalid naming those that are missing or unfit."""
    return _Filler(row, variables or {}, filename).run()


class _Filler:
    """One filling; collects what is wrong before it says so."""

    def __init__(self, row: MetaTemplate, variables: dict[str, Any], filename: str | None):
        self._row = row
        self._variables = variables
        self._filename = filename
        self._sample: str | None = None
        self._problems = Problems()
        self._sent: list[dict] = []
        self._text = ""
        self._header: dict[str, Any] | None = None
        self._footer: str | None = None
        self._buttons: list[dict[str, Any]] = []

    def run(self) -> Filled:
        readers: dict[str, Callable[[dict], None]] = {
            "HEADER": self._read_header,
            "BODY": self._read_body,
            "FOOTER": self._read_footer,
            "BUTTONS": self._read_buttons,
        }
        for part in dicts(self._row.components):
            if reader := readers.get(str(part.get("type") or "").upper()):
                reader(part)
        if self._problems.fields:
            raise Invalid("variables", fields=self._problems.fields)
        payload: dict[str, Any] = {"name": self._row.name, "language": {"code": self._row.language}}
        if self._sent:
            payload["components"] = self._sent
        return Filled(payload, self._text, self._header, self._footer, self._buttons, self._sample)

    def _read_body(self, part: dict) -> None:
        text = text_of(part)
        values = {name: self._value(name, f"body.{name}") for name in names_in(text)}
        self._text = _put(text, values)
        if len(self._text) > LONGEST_BODY:
            self._problems.add("variables", "too_long")
        self._send("body", values)

    def _read_header(self, part: dict) -> None:
        kind = str(part.get("format") or "TEXT").upper()
        if kind in MEDIA:
            self._header_file(kind.lower(), sample_of(part))
        elif kind == "LOCATION":
            self._header_place()
        else:
            text = text_of(part)
            values = {name: self._value(f"header.{name}") for name in names_in(text)}
            filled = _put(text, values)
            if len(filled) > LONGEST_HEADER:
                self._problems.add("variables.header", "too_long")
            self._header = {"type": "text", "text": filled}
            self._send("header", values)

    def _header_file(self, kind: str, sample: str) -> None:
        given = self._variables.get("header")
        given = {"link": given} if isinstance(given, str) else as_dict(given)
        media: dict[str, str] = {}
        if self._filename is not None:
            given = {"filename": self._filename}
        elif given.get("sample") is True and sample:
            self._sample = sample
        elif _MEDIA_ID.fullmatch(str(given.get("id") or "")):
            media["id"] = str(given["id"])
        elif isinstance(link := given.get("link"), str) and link.strip():
            try:
                guarded.check_url(link.strip())
                media["link"] = link.strip()
            except (guarded.Refused, ValueError):
                self._problems.add("variables.header", "address_refused")
        else:
            self._problems.add("variables.header", "required")
        if kind == "document" and isinstance(given.get("filename"), str):
            media["filename"] = clean_text(given["filename"])[:240]
        self._header = {"type": kind, **media}
        self._sent.append({"type": "header", "parameters": [{"type": kind, kind: media}]})

    def _header_place(self) -> None:
        place = place_of(self._variables.get("header"))
        if place is None:
            self._problems.add("variables.header", "bad_location")
            return
        self._header = {"type": "location", **place}
        self._sent.append({"type": "header", "parameters": [{"type": "location", "location": place}]})

    def _read_footer(self, part: dict) -> None:
        self._footer = text_of(part) or None

    def _read_buttons(self, part: dict) -> None:
        for place, button in enumerate(dicts(part.get("buttons"))):
            kind = str(button.get("type") or "").upper()
            shown = {"type": kind, "title": text_of(button)}
            if kind == "URL":
                shown["url"] = self._address(place, str(button.get("url") or ""))
            elif kind == "PHONE_NUMBER":
                shown["phone_number"] = str(button.get("phone_number") or "")
            elif kind in ("COPY_CODE", "OTP"):
                self._code(place, kind)
            self._buttons.append(shown)

    def _address(self, place: int, url: str) -> str:
        if not VARIABLE.search(url):
            return url
        value = self._value(f"button.{place}")
        self._button(place, "url", {"type": "text", "text": value})
        return VARIABLE.sub(lambda _: value, url)

    def _code(self, place: int, kind: str) -> None:
        value = self._value(f"button.{place}")
        if kind == "OTP":  # Meta takes the code of a one-time password as a button's address
            self._button(place, "url", {"type": "text", "text": value})
        else:
            self._button(place, "copy_code", {"type": "coupon_code", "coupon_code": value})

    def _button(self, place: int, kind: str, parameter: dict) -> None:
        self._sent.append(
            {"type": "button", "sub_type": kind, "index": str(place), "parameters": [parameter]}
        )

    def _send(self, part: str, values: dict[str, str]) -> None:
        if not values:
            return
        named = self._row.parameter_format == "NAMED"
        self._sent.append(
            {
                "type": part,
                "parameters": [
                    {"type": "text", "text": value, **({"parameter_name": name} if named else {})}
                    for name, value in values.items()
                ],
            }
        )

    def _value(self, key: str, other: str = "") -> str:
        """One variable as Meta takes it: in one line, without runs of blanks."""
        given = self._variables.get(key, self._variables.get(other))
        if isinstance(given, bool) or not isinstance(given, str | int | float):
            given = ""
        value = " ".join(clean_text(str(given)).split())
        if not value:
            self._problems.add(f"variables.{key}", "required")
        elif len(value) > LONGEST_VALUE:
            self._problems.add(f"variables.{key}", "too_long")
        return value


def place_of(given: Any) -> dict[str, Any] | None:
    """A place as Meta takes it, from `{latitude, longitude, name?, address?}` or the words
    "-6.2, 106.8"; None for anything else."""
    if isinstance(given, str):
        given = dict(zip(("latitude", "longitude"), given.split(","), strict=False))
    given = as_dict(given)
    try:
        place: dict[str, Any] = {key: float(given[key]) for key in ("latitude", "longitude")}
    except (KeyError, TypeError, ValueError):
        return None
    if not (abs(place["latitude"]) <= 90 and abs(place["longitude"]) <= 180):
        return None
    words = {key: clean_text(str(given[key])).strip()[:200] for key in ("name", "address") if given.get(key)}
    return place | {key: value for key, value in words.items() if value}


def _put(text: str, values: dict[str, str]) -> str:
    """In one pass: a value that looks like a variable stays as it is written."""
    return VARIABLE.sub(lambda found: values.get(found[1].strip(), found[0]), text)
