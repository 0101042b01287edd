"""Request bodies: how large they may be, and JSON that is taken strictly or not at all."""

import json
from typing import Any

from flask import Request, Response
from flask.json.provider import DefaultJSONProvider
from spectree.plugins.base import Context
from spectree.plugins.flask_plugin import FlaskPlugin
from spectree.utils import get_multidict_items
from werkzeug.exceptions import UnsupportedMediaType

API_BODY = 1024 * 1024
UPLOAD_BODY = 26 * 1024 * 1024  # 25 MiB of file and the form around it


def fits_database(text: str) -> bool:
    """Can PostgreSQL keep it? Not a NUL, nor half of a character."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


class StrictJSON(DefaultJSONProvider):
    """JSON by its standard: no NaN, no bottomless nesting, no text that the database refuses."""

    sort_keys = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Raises ValueError, which Flask answers with 400."""
        text = s.decode("utf-8") if isinstance(s, bytes) else s
        try:
            value = json.loads(text, parse_constant=_refuse_constant)
            # Within JSON these characters can only stand as escapes.
            if "\\u" in text and not _all_fit(value):
                raise ValueError("text with NUL or half a character")
        except RecursionError:
            raise ValueError("nested too deeply") from None
        return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _all_fit(value: Any) -> bool:
    if isinstance(value, str):
        return fits_database(value)
    if isinstance(value, dict):
        return all(fits_database(key) and _all_fit(item) for key, item in value.items())
    return all(map(_all_fit, value)) if isinstance(value, list) else True


class StrictBodies(FlaskPlugin):
    """SpecTree's validation, but a body that is not JSON is refused instead of taken for `{}`."""

    def request_validation(self, request, query, json, form, headers, cookies):
        parts = {"query": None, "json": None, "form": None, "headers": None, "cookies": None}
        validate = self.model_adapter.validate_obj
        if query:
            parts["query"] = validate(query, get_multidict_items(request.args, query))
        if json and request.method not in ("GET", "DELETE") and not _brings_file(request):
            parts["json"] = validate(json, _json_of(request))
        request.context = Context(**parts)

    def validate_response(self, resp, resp_model, skip_validation, force_resp_serialize):
        """A finished response is handed on as it is: SpecTree would read a whole file into memory."""
        if isinstance(resp, Response):
            return resp, None
        return super().validate_response(resp, resp_model, skip_validation, force_resp_serialize)


def _brings_file(request: Request) -> bool:
    """Only routes that take files take a form in place of JSON."""
    takes_files = (request.max_content_length or 0) > API_BODY
    return takes_files and request.mimetype == "multipart/form-data"


def _json_of(request: Request) -> Any:
    if not request.get_data(cache=True):
        return {}
    if not request.is_json:
        raise UnsupportedMediaType()
    return request.get_json()
