"""The dialog and the calls that follow it. Everything that is refused is an OAuthException, as at Meta."""

import secrets
from dataclasses import dataclass, field
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, redirect, render_template, request

from cloudchat.simulators.messenger.state import Page, Pages
from cloudchat.simulators.meta.errors import GraphError
from cloudchat.simulators.meta.graph import Call, bad_token
from cloudchat.simulators.meta.webhooks import Deliverer

USER = {"id": "10001000100010001", "name": "Rina Anggraini"}


@dataclass
class Behaviour:
    """How the person at the dialog behaves, and how many pages an answer holds."""

    mode: str = "ask"
    declined: list = field(default_factory=list)
    pages: list = field(default_factory=list)
    page_size: int = 25


@dataclass
class Grant:
    """What the person agreed to in one dialog."""

    redirect_uri: str
    scopes: list
    declined: list
    pages: list
    used: bool = False


class State:
    """Codes and tokens of the one user."""

    def __init__(self, pages: Pages, deliverer: Deliverer):
        self.pages = pages
        self.deliverer = deliverer
        self.reset()

    def reset(self) -> None:
        self.behaviour = Behaviour()
        self.codes: dict[str, Grant] = {}
        self.tokens: dict[str, Grant] = {}

    def grant(self, redirect_uri: str, scopes: list, declined: list, pages: list) -> str:
        code = f"AQ{secrets.token_urlsafe(24)}"
        self.codes[code] = Grant(redirect_uri, scopes, declined, pages)
        return code

    def token(self, grant: Grant) -> str:
        made = f"EAAsimuser{secrets.token_hex(20)}"
        self.tokens[made] = grant
        return made


class Login:
    """The dialog's page and the Graph calls."""

    def __init__(self, state: State):
        self._state = state

    def register(self, graph) -> None:
        known = graph.token_known
        graph.token_known = lambda token: bool(known and known(token)) or token in self._state.tokens
        graph.root("GET", "dialog/oauth")(self._dialog)
        graph.root("GET", "oauth/access_token")(self._access_token)
        graph.root("POST", "oauth/access_token")(self._access_token)
        graph.kind("me", lambda node_id: self._state if node_id == "me" else None, self._authorize)
        graph.edge("me", "GET")(lambda call: USER)
        graph.edge("me", "GET", "permissions")(self._permissions)
        graph.edge("me", "GET", "accounts")(self._accounts)

    def blueprint(self) -> Blueprint:
        login = Blueprint("facebook", __name__, url_prefix="/facebook")
        login.add_url_rule("/dialog", "answer", self._answer, methods=["POST"])
        return login

    # --- the dialog ----------------------------------------------------------------------------

    def _dialog(self, call: Call) -> Response:
        query = request.args
        if query.get("client_id") != self._state.deliverer.options.app_id:
            raise GraphError(101, message="Error validating application. Cannot get application info")
        scopes = [scope for scope in query.get("scope", "").split(",") if scope]
        how = self._state.behaviour
        if how.mode == "ask":
            pages = list(self._state.pages.accounts.values())
            shown = {"user": USER, "scopes": scopes, "pages": pages, "query": query}
            return Response(render_template("facebook/dialog.html", **shown), mimetype="text/html")
        if how.mode == "cancel":
            return redirect(_back(query["redirect_uri"], query.get("state", "")))
        granted = [scope for scope in scopes if scope not in how.declined]
        pages = how.pages or list(self._state.pages.accounts)
        code = self._state.grant(query["redirect_uri"], granted, how.declined, pages)
        return redirect(_back(query["redirect_uri"], query.get("state", ""), code))

    def _answer(self) -> Response:
        """The form of the dialog."""
        form = request.form
        target = form.get("redirect_uri", "")
        if not target.startswith(("http://", "https://")):
            abort(422)
        if form.get("answer") != "accept":
            return redirect(_back(target, form.get("state", "")), 303)
        asked, granted = form.get("asked", "").split(","), form.getlist("scopes")
        declined = [scope for scope in asked if scope and scope not in granted]
        code = self._state.grant(target, granted, declined, form.getlist("pages"))
        return redirect(_back(target, form.get("state", ""), code), 303)

    # --- tokens --------------------------------------------------------------------------------

    def _access_token(self, call: Call) -> dict:
        query = {**request.args.to_dict(), **call.body}
        options = self._state.deliverer.options
        if query.get("client_id") != options.app_id:
            raise GraphError(101, message="Error validating application. Cannot get application info")
        if query.get("client_secret") != options.app_secret:
            raise GraphError(1, message="Error validating client secret.")
        if query.get("grant_type") == "fb_exchange_token":
            grant = self._state.tokens.get(query.get("fb_exchange_token", ""))
            if grant is None:
                raise bad_token()
            token = self._state.token(grant)
            return {"access_token": token, "token_type": "bearer", "expires_in": 5183944}
        grant = self._state.codes.get(query.get("code", ""))
        if grant is None:
            raise GraphError(100, message="Invalid verification code format.", subcode=36007)
        if grant.used:
            raise GraphError(100, message="This authorization code has been used.", subcode=36009)
        if query.get("redirect_uri") != grant.redirect_uri:
            told = "Error validating verification code. Please make sure your redirect_uri is identical."
            raise GraphError(100, message=told, subcode=36008)
        grant.used = True
        return {"access_token": self._state.token(grant), "token_type": "bearer", "expires_in": 5400}

    def _authorize(self, _state: State, token: str) -> None:
        if token not in self._state.tokens:
            raise bad_token()

    # --- what the token opens ------------------------------------------------------------------

    def _permissions(self, call: Call) -> dict:
        grant = self._state.tokens[call.token]
        rows = [{"permission": scope, "status": "granted"} for scope in grant.scopes]
        return {"data": rows + [{"permission": scope, "status": "declined"} for scope in grant.declined]}

    def _accounts(self, call: Call) -> dict:
        grant = self._state.tokens[call.token]
        ids = [page_id for page_id in grant.pages if page_id in self._state.pages.accounts]
        first = int(request.args.get("after") or 0)
        size = min(int(request.args.get("limit") or 25), self._state.behaviour.page_size)
        shown = ids[first : first + size]
        answer: dict = {"data": [self._account(self._state.pages.accounts[one]) for one in shown]}
        if shown:
            answer["paging"] = {"cursors": {"before": str(first), "after": str(first + len(shown))}}
            if first + size < len(ids):
                answer["paging"]["next"] = "https://graph.facebook.com/…"
        return answer

    @staticmethod
    def _account(page: Page) -> dict:
        return {
            "id": page.id,
            "name": page.name,
            "access_token": page.token,
            "category": "Toko",
            "tasks": page.tasks,
        }


def _back(target: str, state: str, code: str | None = None) -> str:
    """Where the browser goes after the dialog."""
    refused = {
        "error": "access_denied",
        "error_reason": "user_denied",
        "error_description": "Permissions error",
    }
    answer = {"code": code} if code else refused
    return f"{target}?{urlencode({**answer, 'state': state})}"
