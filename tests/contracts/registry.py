"""What the contract tests have to know of each route, job and socket event.

A new route with an id in its address: name its parameters in PARAMETERS under its blueprint (how to
make such an object in an organization), and what it must be sent in REQUESTS. A body or query field
that names a row: BODY_IDS. A job: JOBS. A socket event: SOCKET_EVENTS. The tests say what is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any

from cloudchat.extensions import now
from cloudchat.jobs import (
    bots,
    broadcasts,
    contacts,
    data,
    devices,
    inbound,
    media,
    ongkir,
    outbound,
    queueing,
)
from tests.contracts import objects

PDF = b"%PDF-1.4 test"


@dataclass(frozen=True)
class NotAnId:
    """A part of an address that names no row of a tenant, with the reason."""

    reason: str


# blueprint → parameter → a function that makes one in an organization and answers its id
PARAMETERS: dict[str, dict[str, Callable | NotAnId]] = {
    "assistant": {"conversation_id": objects.conversation},
    "auth": {"token": NotAnId("the secret of an invitation or a reset: test_tokens.py, test_resets.py")},
    "broadcast": {"broadcast_id": objects.broadcast, "contact_id": objects.contact},
    "chatbot": {
        "bot_id": objects.bot,
        "qa_id": objects.pair,
        "schedule_id": objects.bot_window,
        "exception_id": objects.bot_exception,
    },
    "contacts": {
        "contact_id": objects.contact,
        "import_id": objects.contact_import,
        "filter_id": objects.contact_filter,
    },
    "inbox": {
        "conversation_id": objects.conversation,
        "message_id": objects.failed_message,
        "note_id": objects.note,
        "attachment_id": objects.attachment,
    },
    "messenger": {"connect_id": objects.messenger_connect},
    "meta_templates": {"template_id": objects.meta_template, "own_id": objects.message_template},
    "notifications": {
        "notification_id": objects.notification,
        "subscription_id": objects.push_subscription,
    },
    "pipeline": {
        "pipeline_id": objects.pipeline,
        "stage_id": objects.stage,
        "conversation_id": objects.card,
        "view_id": objects.pipeline_view,
    },
    "operator": {"organization_id": NotAnId("operators see every organization; nobody else gets in")},
    "queueing": {
        "conversation_id": objects.conversation,
        "division_id": objects.division,
        "entry_id": objects.waiting_entry,
        "user_id": objects.membership,
    },
    "reports": {"bot_id": objects.asked_bot},
    "settings": {
        "name": NotAnId("a page of the documentation, the same for everybody"),
        "device_id": objects.device,
        "label_id": objects.label,
        "reply_id": objects.canned_reply,
        "session_id": objects.session,
        "token_id": objects.api_token,
        "contact_id": objects.contact,
        "export_id": objects.data_export,
        "webhook_id": objects.webhook,
        "delivery_id": objects.webhook_delivery,
    },
    "webhooks": {"public_key": NotAnId("known to the provider; test_lines/test_every_channel.py")},
    "webchat": {
        "public_key": NotAnId("known to every visitor; test_visitors_stay_in_their_own_chat"),
        "attachment_id": NotAnId("of the visitor's own chat; the same test"),
    },
}
# Addresses outside blueprints
STATIC = {"static", "versioned_static"}

BOT_FORM = {
    "name": "Lain",
    "timezone": "Asia/Jakarta",
    "returns": "reopen",
    "fallback_message": "Maaf",
    "escalation_message": "Sebentar",
    "answer_threshold": "70",
    "suggest_threshold": "15",
    "escalate_below": "0",
    "misses_before_human": "3",
}
# endpoint → what a valid call carries (GET and DELETE need nothing)
REQUESTS: dict[str, dict[str, Any]] = {
    "assistant.change_settings": {"json": {"daily_limit": 100}},
    "assistant.draft": {},
    "assistant.verify": {},
    "broadcast.cancel_broadcast": {},
    "broadcast.change_broadcast": {"json": {"name": "Lain"}},
    "broadcast.pause_broadcast": {},
    "broadcast.resume_broadcast": {},
    "broadcast.retry_broadcast": {},
    "broadcast.start_broadcast": {},
    "broadcast.schedule_broadcast": {"json": {"scheduled_at": (now() + timedelta(days=9)).isoformat()}},
    "broadcast.test_broadcast": {"json": {"phone": "0812-3456-7890"}},
    "broadcast.contact_card": {"data": {"opted_out": "1"}},
    "broadcast.remove": {},
    "broadcast.set_opt_out": {"json": {"opted_out": True}},
    "chatbot.add_pair": {"data": {"question": "Bisa COD?", "answer": "Bisa"}},
    "chatbot.check_import": {"data": lambda made: {"file": (BytesIO(b"question,answer\na,b\n"), "a.csv")}},
    "chatbot.load_import": {"data": lambda made: {"file": (BytesIO(b"question,answer\na,b\n"), "a.csv")}},
    "chatbot.save_pair": {"data": {"question": "Bisa COD?", "answer": "Bisa"}},
    "chatbot.at": {"query_string": {"moment": "2026-11-29T03:00"}},
    "chatbot.delete": {},
    "chatbot.remove_pair": {},
    "chatbot.save_settings": {"data": BOT_FORM},
    "chatbot.switch_pair": {"data": {"is_active": "true"}},
    "chatbot.try_box": {"data": {"text": "bisa cod?"}},
    "chatbot.change_bot": {"json": {"name": "Lain"}},
    "chatbot.change_pair": {"json": {"answer": "Lain"}},
    "chatbot.change_schedule": {"json": {"is_active": False}},
    "chatbot.create_pair": {"json": {"question": "Bisa COD?", "answer": "Bisa"}},
    "chatbot.create_schedule": {"json": {"day_of_week": 1, "start_time": "08:00", "end_time": "17:00"}},
    "chatbot.replace_schedules": {"json": {"windows": []}},
    "chatbot.set_exception": {"json": {"date": "2027-01-01"}},
    "chatbot.try_bot": {"json": {"text": "bisa cod?"}},
    "contacts.change_contact": {"json": {"name": "Lain"}},
    "contacts.cancel_import": {},
    "contacts.rename_filter": {"json": {"name": "Lain"}},
    "contacts.merge": {"data": lambda made: {"other_id": made["contact"], "contact_id": made["contact"]}},
    "contacts.merge_contacts": {"json": lambda made: {"contact_id": made["contact"]}},
    "contacts.remove": {},
    "contacts.save": {"data": {"name": "Lain"}},
    "contacts.set_mapping": {"data": {"target": ["name", "phone"], "has_header": "1"}},
    "contacts.start_import": {},
    "inbox.add_note": {"json": {"text": "catatan"}},
    "inbox.assign_conversation": {"json": {"agent_id": None}},
    "inbox.change_status": {"json": {"status": "pending"}},
    "inbox.confirm_message": {},
    "inbox.give_back_to_bot": {"json": {}},
    "inbox.older_messages": {"query_string": {"before": 2**31 - 1}},
    "inbox.read_conversation": {},
    "inbox.retry_message": {},
    "inbox.send_message": {"json": {"text": "halo"}},
    "inbox.set_labels": {"json": {"labels": []}},
    "messenger.show": {"data": {"page_ids": ["1"]}},
    "meta_templates.change_own": {"json": {"body": "Lain"}},
    "meta_templates.edit_own": {"data": {"name": "Lain", "body": "Lain"}},
    "meta_templates.remove_own": {},
    "meta_templates.change_template": {"json": {"category": "MARKETING"}},
    "queueing.add_division_agents": {"json": lambda made: {"user_ids": [made["agent"]]}},
    "queueing.assign_entry": {"json": {}},
    "queueing.cancel_entry": {},
    "queueing.change_agent": {"json": {"capacity": 7}},
    "queueing.change_division": {"json": {"name": "Lain"}},
    "queueing.transfer": {"json": lambda made: {"agent_id": made["agent"]}},
    "pipeline.add_card": {"json": lambda made: {"pipeline_id": made["pipeline"]}},
    "pipeline.change_deal": {"json": {"deal_value": 1000}},
    "pipeline.change_pipeline": {"json": {"name": "Lain"}},
    "pipeline.change_stage": {"json": {"name": "Lain"}},
    "pipeline.create_stage": {"json": {"name": "Baru"}},
    "pipeline.create_view": {"json": {"name": "Milik saya", "query": {"agent": "me"}}},
    "pipeline.move_card": {"json": lambda made: {"to_stage_id": made["stage"], "expected_version": 0}},
    "pipeline.reorder_stages": {"json": lambda made: {"ids": [made["stage"]]}},
    "pipeline.test_automation": {"json": lambda made: {"conversation_id": made["conversation"]}},
    "reports.solve_unmatched": {
        "json": {"solves": "Buka cabang Medan?", "question": "Buka cabang Medan?", "answer": "Belum."}
    },
    "settings.change_canned_reply": {"json": {"shortcut": "baru", "text": "isi"}},
    "settings.change_device": {"json": {"name": "Lain"}},
    "settings.change_label": {"json": {"name": "Lain"}},
    "settings.end_session": {},
    "settings.rename_api_token": {"data": {"name": "Lain"}},
    "settings.revoke_api_token": {},
    "settings.new_contact_export": {},
    "settings.change_webhook": {"json": {"description": "Lain"}},
    "settings.new_webhook_secret": {},
    "settings.remove_webhook": {},
    "settings.replay_delivery": {},
    "settings.resend_delivery": {},
    "settings.rotate_webhook_secret": {},
    "settings.save_webhook": {
        "data": {"url": "https://hook.example/", "events": "message.created", "is_active": "true"}
    },
    "settings.test_webhook": {},
    "settings.try_webhook": {},
}

NOT_FOUND = (404,)
REFUSED = (404, 422)
NOTHING = "a filter by it finds nothing"


@dataclass(frozen=True)
class BodyId:
    """A field that names a row: how to call with a foreign one, and what has to come back."""

    method: str
    url: str
    send: Callable[[int], dict[str, Any]]
    make: Callable
    expected: tuple[int, ...] | str = REFUSED


def _filter(url: str, name: str, make: Callable) -> BodyId:
    return BodyId("get", url, lambda i: {"query_string": {name: i}}, make, NOTHING)


def _rows_of(name: str, make: Callable) -> BodyId:
    query = {"figure": "messages"}
    return BodyId(
        "get", "/api/app/reports/rows", lambda i: {"query_string": {**query, name: i}}, make, NOTHING
    )


CONVERSATIONS = "/api/app/inbox/conversations"
ONE = CONVERSATIONS + "/{conversation}"
DIVISIONS = "/api/app/divisions"
TEMPLATES = "/api/app/meta-templates"
BROADCASTS = "/api/app/broadcasts"


def _broadcast(**values) -> dict[str, Any]:
    """A body; ids within an audience are tried in test_broadcasts/test_api.py."""
    people = {"phones": [{"phone": "081234567890"}]}
    own = {"device_id": "{official_device}", "template_id": "{meta_template}"}
    return {"name": "Promo", "audience": people, **own, **values}


# (endpoint, field of its body or query) → how it is tried
BODY_IDS: dict[tuple[str, str], BodyId | NotAnId] = {
    ("broadcast.create_broadcast", "device_id"): BodyId(
        "post", BROADCASTS, lambda i: {"json": _broadcast(device_id=i)}, objects.official_device
    ),
    ("broadcast.create_broadcast", "template_id"): BodyId(
        "post", BROADCASTS, lambda i: {"json": _broadcast(template_id=i)}, objects.meta_template
    ),
    ("broadcast.change_broadcast", "device_id"): BodyId(
        "patch",
        BROADCASTS + "/{broadcast}",
        lambda i: {"json": {"device_id": i, "template_id": "{meta_template}"}},
        objects.official_device,
    ),
    ("broadcast.change_broadcast", "template_id"): BodyId(
        "patch", BROADCASTS + "/{broadcast}", lambda i: {"json": {"template_id": i}}, objects.message_template
    ),
    ("chatbot.create_bot", "device_ids"): BodyId(
        "post",
        "/api/app/chatbot/bots",
        lambda i: {"json": {"name": "A", "device_ids": [i]}},
        objects.device,
    ),
    ("chatbot.change_bot", "device_ids"): BodyId(
        "put",
        "/api/app/chatbot/bots/{bot}",
        lambda i: {"json": {"device_ids": [i]}},
        objects.device,
    ),
    ("contacts.create_filter", "label"): BodyId(
        "post", "/api/app/contacts/filters", lambda i: {"json": {"name": "A", "label": i}}, objects.label
    ),
    ("contacts.list_contacts", "label"): _filter("/api/app/contacts", "label", objects.used_label),
    ("contacts.create_contact", "labels"): BodyId(
        "post", "/api/app/contacts", lambda i: {"json": {"name": "A", "labels": [i]}}, objects.label
    ),
    ("contacts.change_contact", "labels"): BodyId(
        "patch", "/api/app/contacts/{contact}", lambda i: {"json": {"labels": [i]}}, objects.label
    ),
    ("contacts.merge_contacts", "contact_id"): BodyId(
        "post",
        "/api/app/contacts/{contact}/merge",
        lambda i: {"json": {"contact_id": i}},
        objects.contact,
    ),
    ("contacts.label_contacts", "ids"): BodyId(
        "post", "/api/app/contacts/labels", lambda i: {"json": {"ids": [i]}}, objects.contact
    ),
    ("contacts.label_contacts", "add"): BodyId(
        "post",
        "/api/app/contacts/labels",
        lambda i: {"json": {"ids": ["{contact}"], "add": [i]}},
        objects.label,
    ),
    ("contacts.label_contacts", "remove"): BodyId(
        "post",
        "/api/app/contacts/labels",
        lambda i: {"json": {"ids": ["{contact}"], "remove": [i]}},
        objects.label,
    ),
    ("contacts.delete_contacts", "ids"): BodyId(
        "post",
        "/api/app/contacts/delete",
        lambda i: {"json": {"ids": ["{contact}", i]}},
        objects.contact,
    ),
    ("inbox.list_conversations", "assignee"): _filter(CONVERSATIONS, "assignee", objects.busy_agent),
    ("inbox.list_conversations", "division_id"): _filter(CONVERSATIONS, "division_id", objects.used_division),
    ("inbox.list_conversations", "label"): _filter(CONVERSATIONS, "label", objects.used_label),
    ("inbox.list_conversations", "device_id"): _filter(CONVERSATIONS, "device_id", objects.used_device),
    ("inbox.count_conversations", "assignee"): _filter(
        "/api/app/inbox/counts", "assignee", objects.busy_agent
    ),
    ("inbox.count_conversations", "division_id"): _filter(
        "/api/app/inbox/counts", "division_id", objects.used_division
    ),
    ("inbox.count_conversations", "label"): _filter("/api/app/inbox/counts", "label", objects.used_label),
    ("inbox.count_conversations", "device_id"): _filter(
        "/api/app/inbox/counts", "device_id", objects.used_device
    ),
    ("inbox.list_messages", "after"): NotAnId("a place within the conversation of the address"),
    ("inbox.list_messages", "before"): NotAnId("a place within the conversation of the address"),
    ("inbox.send_message", "template_id"): BodyId(
        "post", ONE + "/messages", lambda i: {"json": {"template_id": i}}, objects.meta_template
    ),
    ("inbox.send_message", "client_id"): NotAnId("the caller's own name for the message"),
    ("inbox.assign_conversation", "agent_id"): BodyId(
        "post", ONE + "/assign", lambda i: {"json": {"agent_id": i}}, objects.agent
    ),
    ("inbox.set_labels", "labels"): BodyId(
        "put", ONE + "/labels", lambda i: {"json": {"labels": [i]}}, objects.label
    ),
    ("inbox.bulk", "ids"): BodyId(
        "post",
        CONVERSATIONS + "/bulk",
        lambda i: {"json": {"ids": ["{conversation}", i], "action": "read"}},
        objects.conversation,
    ),
    ("inbox.bulk", "agent_id"): NotAnId("goes the way of assign; test_a_bulk_action_refuses_foreign_ids"),
    ("inbox.bulk", "label"): NotAnId("goes the way of labels; test_a_bulk_action_refuses_foreign_ids"),
    ("messenger.choose_pages", "page_ids"): NotAnId("Facebook's ids, of the caller's own run"),
    ("queueing.create_division", "agent_ids"): BodyId(
        "post", DIVISIONS, lambda i: {"json": {"name": "Baru", "agent_ids": [i]}}, objects.agent
    ),
    ("queueing.create_division", "move_to"): NotAnId("nobody waits in a division that is new"),
    ("queueing.change_division", "agent_ids"): BodyId(
        "put", DIVISIONS + "/{division}", lambda i: {"json": {"agent_ids": [i]}}, objects.agent
    ),
    ("queueing.change_division", "move_to"): BodyId(
        "put",
        DIVISIONS + "/{division}",
        lambda i: {"json": {"is_active": False, "move_to": i}},
        objects.division,
    ),
    ("queueing.reorder_divisions", "ids"): BodyId(
        "put", DIVISIONS + "/reorder", lambda i: {"json": {"ids": ["{division}", i]}}, objects.division
    ),
    ("queueing.add_division_agents", "user_ids"): BodyId(
        "post", DIVISIONS + "/{division}/agents", lambda i: {"json": {"user_ids": [i]}}, objects.agent
    ),
    ("queueing.assign_entry", "agent_id"): BodyId(
        "post",
        "/api/app/queue/{waiting_entry}/assign",
        lambda i: {"json": {"agent_id": i}},
        objects.agent,
    ),
    ("queueing.take_next", "division_id"): BodyId(
        "post", "/api/app/queue/next", lambda i: {"json": {"division_id": i}}, objects.division
    ),
    ("queueing.transfer", "division_id"): BodyId(
        "post", ONE + "/transfer", lambda i: {"json": {"division_id": i}}, objects.division
    ),
    ("queueing.transfer", "agent_id"): BodyId(
        "post", ONE + "/transfer", lambda i: {"json": {"agent_id": i}}, objects.agent
    ),
    ("queueing.show_preview", "button_id"): NotAnId("what a made-up customer taps"),
    ("meta_templates.list_templates", "device_id"): BodyId(
        "get", TEMPLATES, lambda i: {"query_string": {"device_id": i}}, objects.official_device
    ),
    ("meta_templates.list_templates", "waba_id"): NotAnId("a filter over the caller's own rows"),
    ("broadcast.list_sendable", "device_id"): BodyId(
        "get",
        "/api/app/broadcasts/templates",
        lambda i: {"query_string": {"device_id": i}},
        objects.official_device,
    ),
    ("meta_templates.create_template", "device_id"): BodyId(
        "post", TEMPLATES, lambda i: {"json": {"device_id": i}}, objects.official_device
    ),
    ("meta_templates.check_template", "device_id"): NotAnId("the rules alone; no row is looked at"),
    ("meta_templates.sync_templates", "device_id"): BodyId(
        "post", TEMPLATES + "/sync", lambda i: {"json": {"device_id": i}}, objects.official_device
    ),
    ("notifications.mark_read", "ids"): NotAnId("own ones only; test_only_own_ones_are_marked_read"),
    ("notifications.mark_read", "conversation_id"): NotAnId("own ones only; the same test"),
    ("reports.list_turns", "qa_id"): _filter(
        "/api/app/chatbot/bots/{bot}/reports/turns", "qa_id", objects.pair
    ),
    ("reports.list_report_rows", "agent_id"): _rows_of("agent_id", objects.busy_agent),
    ("reports.list_report_rows", "division_id"): _rows_of("division_id", objects.used_division),
    ("reports.report_desk_trends", "agent_id"): NotAnId(
        "a filter; every bucket is there, with nothing in it"
    ),
    ("reports.report_desk_trends", "division_id"): NotAnId("the same"),
    ("pipeline.delete_pipeline", "move_to_stage_id"): BodyId(
        "delete",
        "/api/app/pipelines/{pipeline}",
        lambda i: {"query_string": {"move_to_stage_id": i}},
        objects.stage,
    ),
    ("pipeline.delete_stage", "move_to_stage_id"): BodyId(
        "delete",
        "/api/app/pipelines/stages/{stage}",
        lambda i: {"query_string": {"move_to_stage_id": i}},
        objects.stage,
    ),
    ("pipeline.reorder_pipelines", "ids"): BodyId(
        "put", "/api/app/pipelines/reorder", lambda i: {"json": {"ids": [i]}}, objects.pipeline
    ),
    ("pipeline.reorder_stages", "ids"): BodyId(
        "put",
        "/api/app/pipelines/{pipeline}/stages/reorder",
        lambda i: {"json": {"ids": [i]}},
        objects.stage,
    ),
    ("pipeline.test_automation", "conversation_id"): BodyId(
        "post",
        "/api/app/pipelines/stages/{stage}/automation/test",
        lambda i: {"json": {"conversation_id": i}},
        objects.conversation,
    ),
    ("pipeline.show_board", "agent"): NotAnId("a filter; test_board.py: test_foreign_filters_find_nothing"),
    ("pipeline.show_board", "label"): NotAnId("a filter; test_board.py: test_foreign_filters_find_nothing"),
    ("pipeline.show_board", "stage_id"): BodyId(
        "get",
        "/api/app/pipelines/{pipeline}/board",
        lambda i: {"query_string": {"stage_id": i}},
        objects.stage,
    ),
    ("pipeline.show_cards", "ids"): NotAnId("a filter; test_board.py: test_foreign_filters_find_nothing"),
    ("pipeline.show_cards", "agent"): NotAnId("a filter; test_board.py: test_foreign_filters_find_nothing"),
    ("pipeline.show_cards", "label"): NotAnId("a filter; test_board.py: test_foreign_filters_find_nothing"),
    ("pipeline.show_cards", "stage_id"): NotAnId("not looked at here"),
    ("pipeline.show_analytics", "agent_id"): NotAnId("a filter; test_analytics.py: foreign ids find nothing"),
    ("pipeline.show_analytics", "label_id"): NotAnId("a filter; test_analytics.py: foreign ids find nothing"),
    ("pipeline.add_card", "pipeline_id"): BodyId(
        "post",
        "/api/app/conversations/{conversation}/pipeline",
        lambda i: {"json": {"pipeline_id": i}},
        objects.pipeline,
    ),
    ("pipeline.add_card", "stage_id"): BodyId(
        "post",
        "/api/app/conversations/{conversation}/pipeline",
        lambda i: {"json": {"pipeline_id": "{pipeline}", "stage_id": i}},
        objects.stage,
    ),
    ("pipeline.move_card", "to_stage_id"): BodyId(
        "post",
        "/api/app/conversations/{card}/pipeline/move",
        lambda i: {"json": {"to_stage_id": i, "expected_version": 2}},
        objects.stage,
    ),
    ("pipeline.move_card", "before_id"): NotAnId(
        "one that is not in the column does not count; test_moving.py"
    ),
    ("pipeline.move_card", "after_id"): NotAnId(
        "one that is not in the column does not count; test_moving.py"
    ),
    ("pipeline.move_cards", "to_stage_id"): BodyId(
        "post",
        "/api/app/pipelines/move",
        lambda i: {"json": {"to_stage_id": i, "cards": [{"id": "{card}"}]}},
        objects.stage,
    ),
    ("ongkir.list_cities", "province_id"): NotAnId("the provider's, for a province"),
    ("settings.create_export", "contact_id"): BodyId(
        "post", "/api/app/exports", lambda i: {"json": {"contact_id": i}}, objects.contact
    ),
    ("webchat.send_message", "client_id"): NotAnId("the visitor's own name for the message"),
    ("webchat.list_messages", "after"): NotAnId("a place within the visitor's own messages"),
    ("webchat.list_messages", "before"): NotAnId("a place within the visitor's own messages"),
    ("webchat.mark_seen", "message_id"): NotAnId("a place within the visitor's own messages"),
}

# job → the ids of a neighbour's rows that it is called with, inside our own organization
JOBS: dict[str, Callable | NotAnId] = {
    "cloudchat.jobs.bots.ask_ratings": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.bots.choose": lambda org: [(bots.choose, objects.waiting_choice(org))],
    "cloudchat.jobs.bots.read_sentences": lambda org: [(bots.read_sentences, objects.bot(org))],
    "cloudchat.jobs.ratings.ask": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.bots.aggregate_recent": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.bots.aggregate_all": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.broadcasts.prepare": lambda org: [
        (broadcasts.prepare, objects.unprepared_broadcast(org))
    ],
    "cloudchat.jobs.broadcasts.take_back": lambda org: [
        (broadcasts.take_back, objects.half_cancelled_broadcast(org))
    ],
    "cloudchat.jobs.broadcasts.start_due": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.contacts.work_on_import": lambda org: [
        (contacts.work_on_import, objects.queued_import(org))
    ],
    "cloudchat.jobs.devices.look_after": lambda org: [(devices.look_after, objects.device(org))],
    "cloudchat.jobs.devices.name_contact": lambda org: [(devices.name_contact, objects.device(org), "1001")],
    "cloudchat.jobs.devices.tell_admins": lambda org: [(devices.tell_admins, objects.device(org))],
    "cloudchat.jobs.inbound.process": lambda org: [(inbound.process, objects.open_event(org))],
    "cloudchat.jobs.inbound.catch_up": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.mails.deliver": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.media.fetch": lambda org: [(media.fetch, objects.pending_attachment(org))],
    "cloudchat.jobs.notifications.deliver": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.notifications.send_test": NotAnId("a user of no browser is told nothing; test_push.py"),
    "cloudchat.jobs.ongkir.answer": lambda org: [(ongkir.answer, objects.due_ongkir(org))],
    "cloudchat.jobs.outbound.deliver": lambda org: [(outbound.deliver, objects.device_with_outbox(org))],
    "cloudchat.jobs.outbound.mark_read": lambda org: [(outbound.mark_read, objects.device(org), "wamid.x")],
    "cloudchat.jobs.outbound.acknowledge": lambda org: [
        (outbound.acknowledge, objects.device(org), {"query_id": "1"})
    ],
    "cloudchat.jobs.outbound.settle_lost": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.outbound.put_times_right": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.queueing.drain": lambda org: [(queueing.drain, objects.waited_in_division(org))],
    "cloudchat.jobs.queueing.hand_back": lambda org: [(queueing.hand_back, objects.busy_agent(org))],
    "cloudchat.jobs.queueing.settle": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.queueing.tell_owed": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.queueing.rules": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.pipelines.run_due": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.templates.ask_due": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.templates.sync": NotAnId("a WABA that is not asked for is not fetched; test_syncing.py"),
    "cloudchat.jobs.data.apply_retention": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.data.delete_organization": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.data.erase": lambda org: [(data.erase, [objects.kept_file(org)], [[1, "x"]])],
    "cloudchat.jobs.data.export": lambda org: [(data.export, objects.data_export(org, "queued"))],
    "cloudchat.jobs.webhooks.deliver": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.sweeps.wake_snoozed": NotAnId("takes no id but the organization's"),
    "cloudchat.jobs.sweeps.clean": NotAnId("takes no id but the organization's"),
}
# Functions of the jobs modules that are no jobs
HELPERS: dict[str, str] = {
    f"cloudchat.jobs.queueing.{name}": "a subscriber, inside the organization of its event"
    for name in ("on_due", "on_agent_free", "on_agent_left", "on_presence", "on_menus_owed", "on_closing")
} | {
    "cloudchat.jobs.data.on_erased": "a subscriber; it only starts a job",
    "cloudchat.jobs.data.on_export_due": "a subscriber; it only starts a job",
    "cloudchat.jobs.templates.on_sync_due": "a subscriber; it only starts a job",
    "cloudchat.jobs.webhooks.on_due": "a subscriber; it only starts a job",
    "cloudchat.jobs.broadcasts.on_due": "a subscriber; it only starts a job",
    "cloudchat.jobs.processes.work": "the worker process itself",
    "cloudchat.jobs.processes.schedule": "the scheduler process itself",
    "cloudchat.jobs.processes.served": "names of queues",
}

# namespace → event → its payload with the id of a neighbour's conversation, or why it names none
SOCKET_EVENTS: dict[str, dict[str, Callable | NotAnId]] = {
    "/": {
        "presence:heartbeat": NotAnId("about the caller alone"),
        "typing": lambda conversation: {"conversationId": conversation, "typing": True},
        "conversation:view": lambda conversation: {"conversationId": conversation},
    },
    "/chat": {"typing": NotAnId("about the visitor's own conversation alone")},
}
