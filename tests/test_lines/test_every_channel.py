"""What holds for every channel: each event once, none unsigned, nothing that fails, no message twice."""

import json
import threading

import pytest

from cloudchat import channels, config
from cloudchat.channels import Messenger, Telegram, WaDevice
from cloudchat.errors import Conflict
from cloudchat.extensions import db
from cloudchat.models import Attachment, DevicePace, OutboxEntry
from cloudchat.services import connecting, devices, files, media, outbound
from cloudchat.services.delivery import due_devices
from cloudchat.tenancy import acting_as, all_organizations
from tests.test_messages.numbers import identity
from tests.test_messages.talks import PNG

KINDS = ("image", "document", "audio", "video", "sticker")


@pytest.fixture
def impatient(app):
    """Adapters with a short patience, so that a hanging provider costs a test half a second."""
    usual, known = dict(channels.CHANNELS), config.active()
    channels.CHANNELS["telegram"] = Telegram(known.telegram_api_url, timeout=0.5)
    channels.CHANNELS["wa_device"] = WaDevice(known.wa_device_url, timeout=0.5)
    graph = known.meta_graph_url, known.meta_graph_version
    channels.CHANNELS["messenger"] = Messenger(*graph, known.meta_app_id, timeout=0.5)
    yield
    channels.CHANNELS.update(usual)


def hurry(line) -> None:
    """Let all waits be over."""
    with acting_as(line.organization_id):
        db.session.execute(db.update(OutboxEntry).values(next_attempt_at=db.func.now()))
        db.session.execute(db.update(DevicePace).values(blocked_until=None, tokens=1))
        db.session.commit()


def settled(line) -> None:
    for _ in range(20):
        if line.deliver() is None:
            return
        hurry(line)
    raise AssertionError("it never ends")


# --- what comes in -----------------------------------------------------------------------------


def test_the_same_webhook_eight_times_at_once_is_one_message(line):
    webhook, answers = line.write("Sekali saja"), []

    def call():
        answers.append(line.hand_over(webhook).status_code)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 8
    assert [row.text for row in line.messages()] == ["Sekali saja"]
    assert len(line.stored()) == 1 and line.conversation().unread_count == 1
    assert line.refreshed().last_in_at is not None


def test_nothing_is_stored_of_what_is_not_signed(line, make_line):
    webhook = line.write()
    name = next(iter(webhook["headers"] if line.kind != "messenger" else ["X-Hub-Signature-256"]))
    right = webhook["headers"][name]
    bad = [right[:-1], right + "0", "", "x", "é" * 20] + (
        [right.upper()] if right.lower() != right.upper() else []
    )
    for value in bad:
        assert line.hand_over(webhook, **{name: value}).status_code in (401, 403)
    changed = {**webhook, "body": webhook["body"] + b" "}
    if line.kind != "telegram":
        assert line.hand_over(changed).status_code in (401, 403)
    bare = {**webhook, "headers": {}}
    assert line.hand_over(bare).status_code in (401, 403)
    if line.kind != "messenger":  # another tenant's secret opens only another tenant's address
        other = make_line(line.kind)
        foreign = {**webhook, "headers": other.write()["headers"]}
        assert line.hand_over(foreign).status_code in (401, 403)
    assert line.stored() == []


def test_whatever_a_webhook_holds_is_taken_without_fault(line):
    genuine = json.loads(line.write()["body"])
    bodies = [
        {},
        {"object": "page"},
        {"object": "page", "entry": [None, 1, {"id": line.account}, {"id": line.account, "messaging": {}}]},
        {"update_id": 1},
        {"update_id": [], "message": "x"},
        {"update_id": 2, "message": {"chat": {"id": 5, "type": "private"}, "message_id": {}, "date": "x"}},
        {"update_id": 3, "callback_query": {"id": 7, "data": 5}},
        {"event": "message.any", "session": line.account, "payload": {"id": ["x"], "from": 5}},
        {"event": "poll.vote", "session": line.account, "payload": {}},
        {"event": "message", "session": "of somebody else", "payload": {"id": "a", "from": "628@c.us"}},
        *_twisted(genuine),
    ]
    for body in bodies:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        assert line.hand_over({"body": raw, "headers": line.headers(raw)}).status_code == 200, raw[:200]
    for raw in (b"", b"[]", b"{", b"\xff", b"[" * 100_000):
        assert line.hand_over({"body": raw, "headers": line.headers(raw)}).status_code == 400
    assert all(row.dead_at is None and row.processed_at for row in line.stored())


def _twisted(genuine: dict) -> list:
    """The genuine body with each of its values replaced by something else, and with hostile texts."""
    made = []

    def walk(node, path):
        if isinstance(node, dict):
            for key, value in node.items():
                walk(value, [*path, key])
        elif isinstance(node, list):
            for place, value in enumerate(node):
                walk(value, [*path, place])
        elif len(path) > 1:
            for value in (None, [], {"a": 1}, -1, "a\x00b\ud800" * 50):
                copy = json.loads(json.dumps(genuine))
                target = copy
                for step in path[:-1]:
                    target = target[step]
                target[path[-1]] = value
                made.append(copy)

    walk(genuine, [])
    return made[::3]  # a third of them tells as much


def test_files_come_in(line):
    for kind in KINDS:
        line.receive("", type=kind)
    assert [message.type for message in line.messages()] == list(KINDS)
    with acting_as(line.organization_id):
        for row_id in [row.id for row in _attachments(line)]:
            media.fetch(row_id)
        found = [(row.state, row.error, row.size > 0) for row in _attachments(line)]
        assert found == [("ready", None, True)] * len(KINDS)


def _attachments(line) -> list:
    found = db.session.scalars(
        db.select(Attachment).order_by(Attachment.id).execution_options(populate_existing=True)
    )
    ours = {message.id for message in line.messages()}
    return [row for row in found if row.message_id in ours]


def test_a_location_comes_in_and_goes_out(line):
    line.receive("", type="location")
    place = line.messages()[0].payload["location"]
    assert place["latitude"] == pytest.approx(-6.1754)
    line.say("", payload={"location": {"latitude": -6.2, "longitude": 106.8}})
    line.deliver()
    [sent] = line.sent()
    assert sent["type"] == "location" or "-6.2,106.8" in sent["text"]


# --- what goes out -----------------------------------------------------------------------------


def test_an_answer_goes_out_once(line):
    first = line.receive("Halo")
    line.say("Halo juga", payload={"reply_to_external_id": first["id"]})
    settled(line)
    [sent] = line.sent()
    [row] = line.messages("out")
    assert (sent["text"], row.status, row.external_id) == ("Halo juga", "sent", sent["id"])
    assert line.deliver() is None and len(line.sent()) == 1


def test_a_file_goes_out(line):
    line.receive("Halo")
    with acting_as(line.organization_id):
        upload = files.store_bytes(PNG, "foto.png")
    line.say("", upload=upload)
    settled(line)
    [sent] = line.sent()
    assert (sent["type"], sent["file"]) == ("image", "foto.png")


def test_a_file_with_a_text_goes_out_as_the_channel_can(line):
    """Messenger's customers get two messages, all others one; what fails of two is tried by itself."""
    line.receive("Halo")
    with acting_as(line.organization_id):
        upload = files.store_bytes(PNG, "foto.png")
    line.say("Ini fotonya", upload=upload)
    if line.kind != "messenger":
        settled(line)
        assert [(sent["type"], sent["text"]) for sent in line.sent()] == [("image", "Ini fotonya")]
        return
    line.fault("hang_after", seconds=0.0)  # the file is taken as usual …
    line.control("meta/faults", {"kind": "error", "code": 100, "node": line.account})  # … its text is not
    settled(line)
    assert [sent["type"] for sent in line.sent()] == ["image"]
    file, text = line.messages("out")
    assert (file.status, text.status, text.text) == ("sent", "failed", "Ini fotonya")
    with acting_as(line.organization_id):
        outbound.retry(identity(line.cast.agent), line.conversation().id, text.id)
    settled(line)
    assert [(sent["type"], sent["text"]) for sent in line.sent()] == [("image", ""), ("text", "Ini fotonya")]


# What each provider answers, and what becomes of the message: again, never, unclear.
EDGE = {"telegram": "sendMessage", "wa_device": "text", "messenger": "messages"}
REFUSALS = {
    "telegram": [
        ({"code": 429, "seconds": 1.0}, "again", None),
        ({"code": 403}, "failed", "blocked_by_customer"),
        ({"code": 400, "message": "Bad Request: chat not found"}, "failed", "customer_must_begin"),
        ({"code": 400, "message": "Bad Request: something new"}, "failed", "telegram_400"),
        ({"code": 401}, "failed", "token_refused"),
        ({"code": 500}, "unknown", "unknown_outcome"),
    ],
    "wa_device": [
        ({"code": 429}, "again", None),
        ({"code": 422, "message": "Session status is not as expected"}, "again", None),
        ({"code": 422, "message": "text should not be empty"}, "failed", "gateway_422"),
        ({"code": 401}, "failed", "token_refused"),
        ({"code": 404}, "failed", "session_unknown"),
        ({"code": 500}, "unknown", "unknown_outcome"),
    ],
    "messenger": [
        ({"code": 613, "message": "Calls exceeded"}, "again", None),
        ({"code": 4}, "again", None),
        ({"code": 2}, "unknown", "unknown_outcome"),
        ({"code": 2, "http": 400}, "again", None),
        ({"code": 1200, "http": 400, "message": "Temporary"}, "again", None),
        ({"code": 1, "subcode": 1357046, "http": 400}, "unknown", "unknown_outcome"),
        ({"code": 4, "subcode": 2018354}, "failed", "4"),
        ({"code": 10, "subcode": 2018278}, "failed", "window_closed"),
        ({"code": 10, "subcode": 2018300}, "failed", "other_app_has_thread"),
        ({"code": 10}, "failed", "10"),
        ({"code": 100, "subcode": 2018001}, "failed", "customer_unknown"),
        ({"code": 200, "subcode": 1545041}, "failed", "customer_unavailable"),
        ({"code": 230, "message": "Requires pages_messaging"}, "failed", "230"),
        ({"code": 368}, "failed", "policy_block"),
        ({"code": 190, "subcode": 463}, "failed", "token_refused"),
        ({"code": 190, "message": "x before impersonating a user's page"}, "failed", "190"),
    ],
}
CASES = [
    pytest.param(kind, *case, id=f"{kind}-{'-'.join(str(v) for v in case[0].values())[:40]}")
    for kind, cases in REFUSALS.items()
    for case in cases
]


@pytest.mark.parametrize(("kind", "fault", "outcome", "code"), CASES)
def test_a_refusal_is_what_the_table_says(make_line, kind, fault, outcome, code):
    line = make_line(kind)
    line.receive()
    line.say()
    path = "meta" if kind == "messenger" else line.provider
    line.control(f"{path}/faults", {"kind": "error", "node": line.account, "edge": EDGE[kind], **fault})
    line.deliver()
    [row] = line.messages("out")
    if outcome == "again":
        assert (row.status, row.error) == ("queued", None)
        settled(line)
        assert line.messages("out")[0].status == "sent" and len(line.sent()) == 1
        return
    assert (row.status, row.error["code"]) == (outcome, code)
    dead = line.refreshed().status
    assert dead == {
        "token_refused": "needs_reauth",
        "session_unknown": "disconnected",
        "policy_block": "disconnected",
        "190": "disconnected",
    }.get(code, "connected")


def test_429_is_waited_for_as_long_as_it_says(telegram):
    telegram.receive()
    telegram.say()
    telegram.fault("error", code=429, seconds=7.0, edge="sendMessage")
    assert telegram.deliver() >= 6
    with all_organizations("tests look at all"):
        assert telegram.device.id not in {device_id for _, device_id in due_devices()}


@pytest.mark.parametrize(
    ("fault", "arrived"),
    [("hang_after", 1), ("close_after", 1), ("truncate", 1), ("status", 0)],
)
def test_an_unclear_outcome_is_shown_and_never_repeated(line, impatient, fault, arrived):
    line.receive()
    line.say()
    path = "meta" if line.kind == "messenger" else line.provider
    more = {"seconds": 0.9} if "hang" in fault else {}
    rule = {"kind": fault, "node": line.account, "edge": EDGE[line.kind], **more}
    line.control(f"{path}/faults", rule)
    settled(line)
    hurry(line)
    settled(line)
    [row] = line.messages("out")
    assert (row.status, row.error["code"]) == ("unknown", "unknown_outcome")
    assert len(line.sent()) == arrived


# --- accounts ----------------------------------------------------------------------------------


def test_a_secret_never_comes_back(line, as_person):
    admin = as_person(line.cast.admin)
    sealed = line.refreshed().secrets
    with acting_as(line.organization_id):
        values = devices.account(line.refreshed()).secrets.values()
    shown = admin.get(f"/api/app/devices/{line.device.id}").text + admin.get("/api/app/devices").text
    assert line.device.public_key in shown
    for value in (*values, sealed):
        assert value not in shown


def test_an_account_belongs_to_one_organization(line, cast, make_line):
    with acting_as(cast.neighbour_id), pytest.raises(Conflict):
        config = {**line.refreshed().config, **devices.account(line.refreshed()).secrets}
        config["session"] = line.account
        connecting.create(line.kind, "Curian", config)


def test_a_removed_device_hears_nothing(line):
    webhook = line.write()
    with acting_as(line.organization_id):
        connecting.remove(line.device.id)
    assert line.hand_over(webhook).status_code in (200, 404)
    assert line.messages() == [] and line.refreshed().secrets is None
