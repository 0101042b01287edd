"""Meta's Graph API beside messaging: a WABA's numbers and templates, and files for their samples."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cloudchat.channels import http, meta_errors, payload
from cloudchat.channels.base import DeviceAccount
from cloudchat.errors import ProviderError

FIELDS = (
    "id,name,language,status,category,previous_category,quality_score,rejected_reason,"
    "parameter_format,components"
)
PAGE = 100
MOST_PAGES = 200  # 20,000 templates; Meta allows 6,000
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOKEN = re.compile(r"[\x21-\x7e]+")
GONE = (2593002, 2388094, 33)  # subcodes of "there is no such template"


@dataclass(frozen=True)
class Page:
    """A page of what a WABA has; `total` where Meta tells it."""

    items: list[dict]
    total: int | None


class MetaGraph:
    """The calls, each with the token of the device that it is made for. All raise ProviderError."""

    def __init__(self, graph_url: str, version: str, app_id: str, timeout: float = 20.0):
        self._base = f"{graph_url.rstrip('/')}/{version}"
        self._app_id = app_id
        self._timeouts = http.timeouts(timeout)

    def templates(self, device: DeviceAccount, name: str | None = None) -> Iterator[Page]:
        """All templates, page by page; with `name` those of that very name."""
        params: dict[str, Any] = {"fields": FIELDS, "limit": PAGE, "summary": "total_count"}
        if name:
            params["name"] = name
        yield from self._pages(device, "message_templates", params)

    def numbers(self, device: DeviceAccount) -> set[str]:
        """The ids of the phone numbers that belong to the device's WABA."""
        pages = self._pages(device, "phone_numbers", {"fields": "id", "limit": PAGE})
        found = (payload.ident(item.get("id")) for page in pages for item in page.items)
        return {number for number in found if number}

    def _pages(self, device: DeviceAccount, edge: str, params: dict[str, Any]) -> Iterator[Page]:
        """What stands at an edge of the device's WABA, page by page."""
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            answer = self._call(device, "GET", waba_of(device), edge, params=params)
            total = payload.as_dict(answer.get("summary")).get("total_count")
            items = payload.dicts(answer.get("data"))
            yield Page(items, total if isinstance(total, int) else None)
            paging = payload.as_dict(answer.get("paging"))
            after = payload.as_dict(paging.get("cursors")).get("after")
            # `next` holds the token, so it is neither followed nor kept.
            if not paging.get("next") or not isinstance(after, str) or after in seen:
                return
            seen.add(after)
            params = {**params, "after": after}

    def find(self, device: DeviceAccount, name: str, same: Any) -> dict | None:
        """The template of this name for which `same(item)` holds; Meta's filter finds parts as well."""
        for page in self.templates(device, name):
            for item in page.items:
                if item.get("name") == name and same(item):
                    return item
        return None

    def create(self, device: DeviceAccount, body: dict) -> dict:
        """`{id, status, category}`."""
        answer = self._call(device, "POST", waba_of(device), "message_templates", repeatable=False, json=body)
        if payload.ident(answer.get("id")) is None:
            raise meta_errors.unreadable(repeatable=False)
        return answer

    def edit(self, device: DeviceAccount, meta_id: str, body: dict) -> dict:
        return self._call(device, "POST", meta_id, repeatable=False, json=body)

    def delete(self, device: DeviceAccount, meta_id: str, name: str) -> None:
        """One language: by id and name. One that is gone already counts as deleted."""
        params = {"hsm_id": meta_id, "name": name}
        try:
            self._call(device, "DELETE", waba_of(device), "message_templates", params=params)
        except ProviderError as error:
            if getattr(error, "subcode", None) not in GONE:
                raise

    def upload_sample(self, device: DeviceAccount, name: str, mime: str, content: bytes) -> str:
        """The handle of a file that a template's header shows as its sample."""
        params = {"file_name": name, "file_length": len(content), "file_type": mime}
        session = self._call(device, "POST", self._app_id, "uploads", params=params)
        upload = session.get("id")
        if not isinstance(upload, str) or not re.fullmatch(r"upload:[A-Za-z0-9_=:?&.-]{1,1000}", upload):
            raise meta_errors.unreadable(repeatable=True)
        answer = self._send(
            device,
            "POST",
            f"{self._base}/{upload}",
            True,
            content=content,
            headers={"Authorization": f"OAuth {_token(device)}", "file_offset": "0"},
        )
        handle = answer.get("h")
        if not isinstance(handle, str) or not handle:
            raise meta_errors.unreadable(repeatable=True)
        return handle

    def _call(
        self, device: DeviceAccount, method: str, *path: str, repeatable: bool = True, **request: Any
    ) -> dict:
        if not all(_ID.fullmatch(segment) for segment in path):
            raise ProviderError("The account's id is not one of Meta's.", code="bad_id", permanent=True)
        headers = {"Authorization": f"Bearer {_token(device)}"}
        return self._send(
            device, method, "/".join((self._base, *path)), repeatable, headers=headers, **request
        )

    def _send(self, device: DeviceAccount, method: str, url: str, repeatable: bool, **request: Any) -> dict:
        answer = http.call(
            method, url, repeatable=repeatable, limit=8 * http.MAX_ANSWER, timeout=self._timeouts, **request
        )
        body = meta_errors.json_of(answer)
        if 200 <= answer.status < 300 and body is not None and "error" not in body:
            return body
        raise meta_errors.from_answer(answer, repeatable=repeatable)


def waba_of(device: Any) -> str:
    """The WABA that the device belongs to; empty where nobody has said so."""
    return str(device.config.get("waba_id") or "").strip()


def _token(device: DeviceAccount) -> str:
    token = device.secrets.get("access_token") or ""
    if not _TOKEN.fullmatch(token):
        raise ProviderError(
            "The device has no usable access token.", code="no_token", permanent=True, reauth=True
        )
    return token


_graph: MetaGraph | None = None


def configure(config) -> None:
    """For this installation's addresses; called once, when the app is made."""
    global _graph
    _graph = MetaGraph(config.meta_graph_url, config.meta_graph_version, config.meta_app_id)


def graph() -> MetaGraph:
    if _graph is None:
        raise RuntimeError("the Graph client is used before create_app() configured it")
    return _graph
