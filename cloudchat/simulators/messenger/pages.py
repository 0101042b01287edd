"""The Graph nodes of a page and of the people who wrote to it."""

import json
import time

from flask import request

from cloudchat.simulators.messenger.hooks import Hooks
from cloudchat.simulators.messenger.state import Page, Pages
from cloudchat.simulators.meta.errors import GraphError
from cloudchat.simulators.meta.graph import Call, select_fields, unknown_object
from cloudchat.simulators.phone.state import Message

DAY = 24 * 3600
_KINDS = {"image": "image", "file": "document", "audio": "audio", "video": "video"}


class PageEdges:
    """`/{page}`, `/{page}/messages`, `/message_attachments`, `/subscribed_apps`, and `/{psid}`."""

    def __init__(self, pages: Pages, hooks: Hooks):
        self._pages = pages
        self._hooks = hooks

    def register(self, graph) -> None:
        known = graph.token_known
        graph.token_known = lambda token: bool(known and known(token)) or self._pages.token_known(token)
        graph.kind("page", self._find, self._pages.authorize)
        graph.kind("psid", self._pages.people_called, self._authorize_person)
        graph.edge("page", "GET")(self._page)
        graph.edge("page", "POST", "messages")(self._messages)
        graph.edge("page", "POST", "message_attachments")(self._upload)
        graph.edge("page", "GET", "subscribed_apps")(self._subscriptions)
        graph.edge("page", "POST", "subscribed_apps")(self._subscribe)
        graph.edge("page", "DELETE", "subscribed_apps")(self._unsubscribe)
        graph.edge("psid", "GET")(self._profile)

    def _find(self, page_id: str) -> Page | None:
        return self._pages.accounts.get(page_id)  # a reset makes new ones

    def _authorize_person(self, person_id: str, token: str) -> None:
        page = self._pages.by_token(token)
        if page is None or (page.id, person_id) not in self._pages.people:
            raise unknown_object(person_id)

    def _page(self, call: Call) -> dict:
        node = {"id": call.node.id, "name": call.node.name, "category": "Toko", "tasks": call.node.tasks}
        return select_fields(node, ("id", "name"), "Page")

    def _profile(self, call: Call) -> dict:
        page = self._pages.by_token(call.token)
        first, _, last = self._pages.person(page.id, call.node).name.partition(" ")
        node = {"id": call.node, "first_name": first, "last_name": last}
        return select_fields(node, ("first_name", "last_name"), "User")

    # --- subscription --------------------------------------------------------------------------

    def _subscriptions(self, call: Call) -> dict:
        return {"data": [{"id": "1", "name": "CloudChat"}] if call.node.subscribed else []}

    def _subscribe(self, call: Call) -> dict:
        page = call.node
        if page.refuses == "not_in_bm":
            raise GraphError(200, message="(#200) The page must be in a Business Manager to do this.")
        if not {"CREATE_CONTENT", "MANAGE", "MODERATE"} & set(page.tasks):
            told = "(#200) The user must have a role with pages_manage_metadata permission on this page."
            raise GraphError(200, message=told)
        if page.refuses == "false":
            return {"success": False}
        fields = {**request.args.to_dict(), **call.body}.get("subscribed_fields")
        if not fields:
            raise GraphError(100, message="(#100) The parameter subscribed_fields is required.")
        page.subscribed = True
        self._pages.changed()
        return {"success": True}

    def _unsubscribe(self, call: Call) -> dict:
        call.node.subscribed = False
        self._pages.changed()
        return {"success": True}

    # --- sending -------------------------------------------------------------------------------

    def _upload(self, call: Call) -> dict:
        upload = request.files.get("filedata")
        message = _object(call.body.get("message"))
        kind = _object(message.get("attachment")).get("type")
        if upload is None or kind not in _KINDS:
            raise GraphError(100, message="(#100) Upload attachment failure.", subcode=2018047)
        content = upload.read()
        if len(content) > 25 * 1024 * 1024:
            raise GraphError(100, message="(#100) Attachment size exceeds allowable limit", subcode=2018109)
        file = self._pages.keep_file(content, upload.mimetype, upload.filename)
        attachment_id = str(int(file.id[:14], 16))
        self._pages.attachments[attachment_id] = file.id
        return {"attachment_id": attachment_id}

    def _messages(self, call: Call) -> dict:
        page, body = call.node, call.body
        person_id = str(_object(body.get("recipient")).get("id") or "")
        person = self._pages.people.get((page.id, person_id))
        if person is None:
            raise GraphError(100, message="(#100) No matching user found", subcode=2018001)
        if "sender_action" in body:
            if body["sender_action"] == "typing_on":
                person.typing_until = time.time() + 20
            self._pages.changed()
            return {"recipient_id": person_id}
        if person.blocked:
            raise GraphError(551, message="(#551) This person isn't available right now.", subcode=1545041)
        self._check_window(person.last_inbound_at, body)
        message = self._message(page, person_id, _object(body.get("message")), body)
        self._pages.add(message)
        person.typing_until = 0.0
        self._hooks.sent(page, message, _object(body.get("message")).get("metadata"))
        return {"recipient_id": person_id, "message_id": message.id}

    def _check_window(self, last_inbound_at: float, body: dict) -> None:
        how = self._pages.behaviour
        if not how.window:
            return
        since = time.time() - last_inbound_at
        tagged = body.get("messaging_type") == "MESSAGE_TAG" and body.get("tag") == "HUMAN_AGENT"
        if since < DAY or (tagged and how.human_agent and since < 7 * DAY):
            return
        raise GraphError(
            10,
            message="(#10) This message is sent outside of allowed window.",
            subcode=2018278,
        )

    def _message(self, page: Page, person_id: str, content: dict, body: dict) -> Message:
        text, attachment = str(content.get("text") or ""), _object(content.get("attachment"))
        if bool(text) == bool(attachment):
            raise GraphError(100, message="(#100) A message has either text or an attachment.")
        if len(text) > 2000:
            raise GraphError(100, message="(#100) Length of param message[text] must be at most 2000")
        kind, file = "text", None
        if attachment:
            kind = _KINDS.get(attachment.get("type"), "")
            attachment_id = str(_object(attachment.get("payload")).get("attachment_id") or "")
            file = self._pages.files.get(self._pages.attachments.get(attachment_id, ""))
            if not kind or file is None:
                raise GraphError(100, message="(#100) Invalid attachment id", subcode=2018294)
        return Message(
            id=self._pages.mid(),
            seq=self._pages.next_seq(),
            account_id=page.id,
            person_id=person_id,
            source="api",
            kind=kind,
            text=text,
            file=file,
            buttons=_quick_replies(content.get("quick_replies")),
            reply_to=_object(body.get("reply_to")).get("mid"),
            request=body,
        )


def _quick_replies(given) -> list[dict]:
    replies = given if isinstance(given, list) else []
    if len(replies) > 13:
        raise GraphError(100, message="(#100) At most 13 quick replies are allowed.")
    for reply in replies:
        if not reply.get("title") or len(reply["title"]) > 20 or len(str(reply.get("payload", ""))) > 1000:
            raise GraphError(100, message="(#100) A quick reply's title or payload is not right.")
    return [{"id": reply["payload"], "title": reply["title"]} for reply in replies]


def _object(value) -> dict:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}
