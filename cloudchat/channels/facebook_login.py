"""Facebook's login dialog and what follows: codes, tokens, grants, the pages of whoever logged in."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from cloudchat.channels import http, payload
from cloudchat.channels.facebook_errors import Failure
from cloudchat.channels.messenger import SUBSCRIBED
from cloudchat.config import Config
from cloudchat.errors import ProviderError

SCOPES = (
    "pages_show_list",
    "pages_manage_metadata",
    "pages_messaging",
    "pages_read_engagement",
    "business_management",
)
NEEDED = SCOPES[:3]
MAX_PAGES = 500
_ID = re.compile(r"[0-9]{1,32}")


class FacebookFailed(Exception):
    """A step of connecting failed."""

    def __init__(self, failure: Failure):
        super().__init__(failure.own or f"{failure.code}/{failure.subcode}")
        self.failure = failure


@dataclass(frozen=True)
class Page:
    """A page of the person who logged in; `tasks` is what they may do there."""

    id: str
    name: str
    token: str | None
    tasks: tuple[str, ...] | None = None

    @property
    def may_message(self) -> bool:
        """Is the role enough to receive and send messages, and to subscribe the page?"""
        if not self.token:
            return False
        if self.tasks is None:
            return True
        return "MESSAGING" in self.tasks and bool({"MODERATE", "MANAGE", "CREATE_CONTENT"} & set(self.tasks))


class FacebookLogin:
    """The calls, in the order in which they are made."""

    def __init__(self, config: Config, timeout: float = 20.0):
        self._dialog = f"{config.meta_dialog_url}/{config.meta_graph_version}/dialog/oauth"
        self._graph = f"{config.meta_graph_url}/{config.meta_graph_version}"
        self._app_id = config.meta_app_id
        self._app_secret = config.meta_app_secret
        self._timeouts = http.timeouts(timeout)

    def dialog_url(self, redirect_uri: str, state: str, *, again: bool = False) -> str:
        """Where the browser goes. `again`: ask once more for what was declined."""
        query = {
            "client_id": self._app_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "response_type": "code",
            "scope": ",".join(SCOPES),
        }
        return f"{self._dialog}?{urlencode(query | ({'auth_type': 'rerequest'} if again else {}))}"

    def exchange(self, code: str, redirect_uri: str) -> str:
        """The short-lived token for a code. Raises FacebookFailed."""
        query = {"redirect_uri": redirect_uri, "code": code}
        return self._access_token("exchange", query)

    def long_lived(self, token: str) -> str:
        """The token of about 60 days, whose page tokens do not expire. Raises FacebookFailed."""
        query = {"grant_type": "fb_exchange_token", "fb_exchange_token": token}
        return self._access_token("long_lived", query)

    def _access_token(self, step: str, query: dict) -> str:
        app = {"client_id": self._app_id, "client_secret": self._app_secret}
        told = self._call(step, "GET", "oauth/access_token", params={**app, **query})
        token = payload.as_text(told.get("access_token"), 2000)
        if not token:
            raise FacebookFailed(Failure(own="fb_unknown", message="no access_token", step=step))
        return token

    def grants(self, token: str) -> dict[str, str]:
        """permission → granted, declined or expired. Raises FacebookFailed."""
        told = self._call("permissions", "GET", "me/permissions", token)
        pairs = ((item.get("permission"), item.get("status")) for item in payload.dicts(told.get("data")))
        return {name: state for name, state in pairs if isinstance(name, str) and isinstance(state, str)}

    def pages(self, token: str) -> list[Page]:
        """All pages that the person ticked. Raises FacebookFailed."""
        found: list[Page] = []
        query = {"fields": "id,name,access_token,tasks", "limit": "100"}
        while len(found) < MAX_PAGES:
            told = self._call("accounts", "GET", "me/accounts", token, params=query)
            items = payload.dicts(told.get("data"))
            found += [page for page in map(_page, items) if page]
            paging = payload.as_dict(told.get("paging"))
            after = payload.as_text(payload.as_dict(paging.get("cursors")).get("after"), 1000)
            if not paging.get("next") or not after or not items:
                break
            query["after"] = after
        return found

    def subscribe(self, page: Page) -> None:
        """Have the page's messages sent to our app. Raises FacebookFailed."""
        query = {"subscribed_fields": SUBSCRIBED}
        path = f"{page.id}/subscribed_apps"
        told = self._call("subscribe", "POST", path, page.token or "", params=query)
        if told.get("success") is not True:
            raise FacebookFailed(Failure(own="fb_not_subscribed", step="subscribe"))

    def _call(self, step: str, method: str, path: str, token: str = "", **request: Any) -> dict:
        """The object in Graph's successful answer. Raises FacebookFailed for all others."""
        if token:
            proof = hmac.new(self._app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
            request["params"] = {**request.get("params", {}), "appsecret_proof": proof}
            request["headers"] = {"Authorization": f"Bearer {token}"}
        try:
            answer = http.call(
                method, f"{self._graph}/{path}", repeatable=True, timeout=self._timeouts, **request
            )
        except ProviderError as error:
            raise FacebookFailed(Failure(own="fb_temporary", message=error.message, step=step)) from error
        try:
            body = payload.load_object(answer.body)
        except ValueError:
            body = {}
        if answer.status == 200 and body and "error" not in body:
            return body
        raise FacebookFailed(read_failure(answer, body, step))


def read_failure(answer: http.Answer, body: dict, step: str) -> Failure:
    """The failure in an answer, whatever is missing from it."""
    error = payload.as_dict(body.get("error"))
    own = None
    if not error and answer.status < 500:
        own = "fb_temporary" if answer.status < 300 or answer.status == 429 else None
    return Failure(
        own=own,
        code=_number(error.get("code")),
        subcode=_number(error.get("error_subcode")),
        type=payload.as_text(error.get("type"), 100),
        message=payload.as_text(error.get("message"), 500) or "",
        trace_id=payload.as_text(error.get("fbtrace_id"), 100),
        transient=error.get("is_transient") is True,
        http=answer.status,
        retry_after=_regain(answer),
        step=step,
    )


def _regain(answer: http.Answer) -> int | None:
    """Seconds until calls are taken again: from `Retry-After`, or in minutes from Meta's own header."""
    plain = answer.headers.get("Retry-After", "")
    if plain.isascii() and plain.isdigit() and len(plain) < 7:
        return int(plain)
    usage = answer.headers.get("X-Business-Use-Case-Usage", "")
    minutes = [int(found) for found in re.findall(r'"estimated_time_to_regain_access":\s*(\d{1,5})', usage)]
    return max(minutes) * 60 if minutes and max(minutes) else None


def _page(item: dict) -> Page | None:
    page_id = payload.ident(item.get("id")) or ""
    if not _ID.fullmatch(page_id):
        return None
    tasks = item.get("tasks")
    known = tuple(task for task in tasks if isinstance(task, str)) if isinstance(tasks, list) else None
    token = payload.as_text(item.get("access_token"), 2000) or None
    return Page(page_id, payload.as_text(item.get("name"), 255) or page_id, token, known)


def _number(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
