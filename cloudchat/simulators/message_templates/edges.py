"""The Graph edges of templates: list with paging and filters, create, edit, delete."""

import base64
import re
import time

from flask import request

from cloudchat.simulators.message_templates import rules
from cloudchat.simulators.message_templates.rules import TemplateError
from cloudchat.simulators.message_templates.samples import Samples
from cloudchat.simulators.message_templates.store import Store, Template
from cloudchat.simulators.meta.errors import GraphError
from cloudchat.simulators.meta.graph import Call, bad_token, select_fields, unknown_object

DEFAULT_FIELDS = ("name", "language", "status", "category")
EDITABLE = ("APPROVED", "REJECTED", "PAUSED")


class Edges:
    """`/{waba}/message_templates` and `/{template}`."""

    def __init__(self, store: Store, samples: Samples):
        self._store, self._samples = store, samples

    def register(self, graph) -> None:
        graph.kind("template", self._store.node_of, self._authorize)
        graph.edge("waba", "GET", "message_templates")(self.list)
        graph.edge("waba", "POST", "message_templates")(self.create)
        graph.edge("waba", "DELETE", "message_templates")(self.delete)
        graph.edge("template", "GET")(self.show)
        graph.edge("template", "POST")(self.edit)

    def _authorize(self, template: Template, token: str) -> None:
        numbers = self._store.whatsapp.waba_accounts(template.waba_id)
        for account in numbers:
            if account.access_token == token:
                return self._store.whatsapp.authorize(account, token)
        raise unknown_object(template.id) if self._store.whatsapp.token_known(token) else bad_token()

    def list(self, call: Call) -> dict:
        rows = [one for one in self._store.of(call.node) if _wanted(one)]
        size = min(_number("limit", 25), self._store.behaviour.page_size or 1000)
        start = _offset(request.args.get("after", ""))
        page = rows[start : start + size]
        paging = {"cursors": {"before": _cursor(start), "after": _cursor(start + len(page))}}
        if start + size < len(rows):
            paging["next"] = (
                f"{request.base_url}?after={paging['cursors']['after']}&access_token={call.token}"
            )
        answer = {"data": [self.show(Call(one, call.token, call.version)) for one in page]}
        answer["paging"] = paging
        if "summary" in request.args:
            answer["summary"] = {"total_count": len(rows)}
        return answer

    def create(self, call: Call) -> dict:
        body, store = call.body, self._store
        name, language = str(body.get("name", "")), str(body.get("language", ""))
        category = str(body.get("category", "")).upper()
        if not re.fullmatch(r"[a-z0-9_]{1,512}", name) or not language:
            raise GraphError(100, message="(#100) The parameter name is invalid.")
        if category not in ("UTILITY", "MARKETING", "AUTHENTICATION"):
            raise GraphError(100, message="(#100) The parameter category is invalid.")
        if store.cooling.get((call.node, name), 0) > time.time():
            raise TemplateError(2388023)
        if category != "AUTHENTICATION":
            rules.check(body.get("components"))
        with store.lock:
            if store.find(call.node, name, language):
                raise TemplateError(2388024)
            if len(store.of(call.node)) >= store.behaviour.limit:
                raise TemplateError(2388019)
            style = str(body.get("parameter_format", "POSITIONAL")).upper()
            made = store.add(
                call.node,
                name=name,
                language=language,
                category=category,
                status="PENDING",
                components=body.get("components") or [],
                parameter_format=style,
            )
        store.review(made)
        return {"id": made.id, "status": made.status, "category": made.category}

    def show(self, call: Call) -> dict:
        node = call.node.node()
        node["components"] = self._samples.shown(node["components"])
        return select_fields(node, DEFAULT_FIELDS, "MessageTemplate")

    def edit(self, call: Call) -> dict:
        template, body = call.node, call.body
        if template.status not in EDITABLE:
            raise TemplateError(2388039)
        category = str(body.get("category") or template.category).upper()
        if template.status == "APPROVED" and category != template.category:
            raise TemplateError(2388039)
        if "components" in body:
            rules.check(body["components"])
            template.components = body["components"]
        template.category, template.status, template.rejected_reason = category, "PENDING", "NONE"
        template.edits += 1
        self._store.review(template)
        self._store.whatsapp.changed()
        return {"success": True, "id": template.id, "name": template.name, "category": category}

    def delete(self, call: Call) -> dict:
        """By name all languages; by id and name one."""
        name = request.args.get("name", "")
        wanted = request.args.get("hsm_id")
        found = [one for one in self._store.of(call.node) if one.name == name and wanted in (None, one.id)]
        if not found:
            raise TemplateError(2593002)
        if any(one.status == "DISABLED" for one in found):
            raise TemplateError(2388039)
        for one in found:
            self._store.remove(one)
        return {"success": True}


def _wanted(template: Template) -> bool:
    given = request.args
    return (
        all(
            given.get(key) in (None, "", value)
            for key, value in (
                ("status", template.status),
                ("category", template.category),
                ("language", template.language),
            )
        )
        and given.get("name", "") in template.name
    )


def _number(name: str, usual: int) -> int:
    given = request.args.get(name, "")
    return max(1, int(given)) if given.isdigit() else usual


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"at:{place}".encode()).decode().rstrip("=")


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        word = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        return int(word.removeprefix("at:"))
    except ValueError:
        raise GraphError(100, message="(#100) Invalid cursor.") from None
