"""The inbox's page and fragments: what they hold, what they cost, whom they refuse."""

import re

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from cloudchat.extensions import db
from cloudchat.models import Contact, Conversation, ConversationLabel
from cloudchat.services import conversations, labels, searching
from cloudchat.tenancy import acting_as
from tests.factories import identity


@pytest.fixture
def statements():
    """Every SQL statement that runs, the tenant's setting among them."""
    seen = []

    def note(_connection, _cursor, statement, *_):
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def fill(cast, make):
    """`fill(10)`: that many conversations with a message and a label each."""
    device = make.device(cast.organization_id)
    label = make.label(cast.organization_id)

    def filled(count):
        rows = []
        for number in range(count):
            row = make.conversation(
                cast.organization_id,
                device,
                name=f"Pelanggan {number}",
                assignee_id=cast.agent.id if number % 2 else None,
            )
            make.message(row, f"Halo {number}")
            with acting_as(cast.organization_id):
                labels.replace_links(ConversationLabel, "conversation_id", row.id, [db.session.merge(label)])
                db.session.commit()
            rows.append(row)
        return rows

    return filled


def rows_of(answer) -> list[str]:
    return re.findall(r'<bdi class="conv-name">([^<]*)</bdi>', answer.text)


def test_page_costs_the_same_for_ten_and_a_hundred_rows(as_person, cast, fill, statements):
    """P6: at most 6 statements, whatever is shown."""
    call = as_person(cast.agent)
    found = {}
    last = fill(1)[0]
    for count in (9, 90):
        last = fill(count)[-1]
        for path in ("/app/inbox", f"/app/inbox/{last.id}", "/app/inbox?status=all&unread=true"):
            call.get(path)  # what is asked once per process is not the page's
            statements.clear()
            assert call.get(path).status_code == 200
            found.setdefault(path.split("/")[-1] if "?" in path else path[:10], set()).add(len(statements))
    assert all(len(costs) == 1 and max(costs) <= 6 for costs in found.values()), found


@pytest.mark.parametrize("end", ["thread", "panel", "updates", "older?before=99999999"])
def test_fragments_of_a_conversation_cost_the_same_for_any_length(
    as_person, cast, make, fill, statements, end
):
    [row] = fill(1)
    call = as_person(cast.agent)
    call.get(f"/app/inbox/{row.id}/{end}")  # notes that the token is in use
    costs = set()
    for _ in range(2):
        for number in range(15):
            make.message(row, f"pesan {number}", direction="out", sender_id=cast.agent.id)
        with acting_as(cast.organization_id):
            conversations.add_note(identity(cast.agent), row.id, "catatan")
        statements.clear()
        assert call.get(f"/app/inbox/{row.id}/{end}").status_code == 200
        costs.add(len(statements))
    assert len(costs) == 1
    assert max(costs) <= 10, statements


def test_list_tabs_and_counts_agree(as_person, cast, fill):
    fill(5)
    call = as_person(cast.agent)
    for name, expected in (("me", 2), ("unassigned", 3), ("all", 5)):
        answer = call.get(f"/app/inbox/list?assignee={name}")
        assert len(rows_of(answer)) == expected
        assert f'data-count="{name}">{expected}<' in answer.text


def test_endless_list_has_every_row_once(as_person, cast, fill):
    fill(65)
    call = as_person(cast.agent)
    answer = call.get("/app/inbox/list")
    found = rows_of(answer)
    while cursor := re.search(r'data-more="([^"]+)"', answer.text):
        answer = call.get(f"/app/inbox/more?cursor={cursor[1]}")
        found += rows_of(answer)
    assert found == [f"Pelanggan {number}" for number in reversed(range(65))]


def test_rows_answers_only_what_the_filter_lets_through(as_person, cast, fill):
    rows = fill(4)
    ids = ",".join(str(row.id) for row in rows)
    call = as_person(cast.agent)
    assert len(rows_of(call.get(f"/app/inbox/rows?ids={ids}"))) == 4
    assert sorted(rows_of(call.get(f"/app/inbox/rows?ids={ids}&assignee=me"))) == [
        "Pelanggan 1",
        "Pelanggan 3",
    ]
    assert rows_of(call.get(f"/app/inbox/rows?ids={ids}&status=resolved")) == []
    assert rows_of(call.get("/app/inbox/rows?ids=,x,-1,99999999999")) == []


def test_unreadable_filters_are_left_out(as_person, cast, fill):
    fill(1)
    call = as_person(cast.agent)
    answer = call.get("/app/inbox?status=kaput&device_id=x&label=&unread=maybe&cursor=zzz&weird=1")
    assert answer.status_code == 200
    assert len(rows_of(answer)) == 1


def test_search_looks_in_all_statuses(as_person, cast, fill):
    [row] = fill(1)
    with acting_as(cast.organization_id):
        conversations.set_status(identity(cast.agent), row.id, "resolved")
    call = as_person(cast.agent)
    assert rows_of(call.get("/app/inbox")) == []
    assert len(rows_of(call.get("/app/inbox?q=Pelanggan"))) == 1
    assert rows_of(call.get("/app/inbox?q=Pelanggan&status=open")) == []


def test_updates_bring_what_is_new_and_renew_what_is_asked_for(as_person, cast, make, fill):
    [row] = fill(1)
    first = make.message(row, "satu")
    call = as_person(cast.agent)
    with acting_as(cast.organization_id):
        note = conversations.add_note(identity(cast.agent), row.id, "catatan satu")
    second = make.message(row, "dua")
    answer = call.get(f"/app/inbox/{row.id}/updates?after={first.id}&first={first.id}&note=0")
    assert re.findall(r'id="([mn]-\d+)"', answer.text) == [f"n-{note.id}", f"m-{second.id}"]
    answer = call.get(
        f"/app/inbox/{row.id}/updates?after={second.id}&first={first.id}&note={note.id}"
        f"&messages={first.id}&notes={note.id},{note.id + 1}"
    )
    assert re.findall(r'id="([mn]-\d+)"', answer.text) == [f"m-{first.id}", f"n-{note.id}"]


def test_updates_say_when_there_is_more(as_person, cast, make, fill):
    [row] = fill(1)
    for number in range(130):
        make.message(row, f"pesan {number}")
    call = as_person(cast.agent)
    answer = call.get(f"/app/inbox/{row.id}/updates?after=0")
    assert 'data-has-more="1"' in answer.text
    last = re.findall(r'id="m-(\d+)"', answer.text)[-1]
    assert 'data-has-more=""' in call.get(f"/app/inbox/{row.id}/updates?after={last}").text


def test_older_messages_join_without_gap(as_person, cast, make, fill):
    [row] = fill(1)
    for number in range(90):
        make.message(row, f"pesan {number}")
    call = as_person(cast.agent)
    answer = call.get(f"/app/inbox/{row.id}/thread")
    found = re.findall(r'id="m-(\d+)"', answer.text)
    while True:
        answer = call.get(f"/app/inbox/{row.id}/older?before={found[0]}")
        found = re.findall(r'id="m-(\d+)"', answer.text) + found
        if 'data-has-more=""' in answer.text:
            break
    assert len(found) == len(set(found)) == 91
    assert found == sorted(found, key=int)
    assert call.get(f"/app/inbox/{row.id}/older?before=x").status_code == 422


@pytest.mark.parametrize("end", ["", "/thread", "/panel", "/updates", "/older?before=9"])
def test_strangers_and_unknown_ids_get_404(as_person, cast, fill, end):
    [row] = fill(1)
    assert as_person(cast.stranger).get(f"/app/inbox/{row.id}{end}").status_code == 404
    assert as_person(cast.agent).get(f"/app/inbox/2147483000{end}").status_code == 404


def test_an_agent_does_not_see_a_colleagues_conversation(as_person, cast, fill):
    rows = fill(2)
    call = as_person(cast.colleague)
    assert call.get(f"/app/inbox/{rows[1].id}/thread").status_code == 404
    assert rows_of(call.get("/app/inbox")) == ["Pelanggan 0"]


def test_signed_out_visitors_are_sent_to_the_login_page(client):
    answer = client.get("/app/inbox?status=all")
    assert answer.status_code == 302
    assert "/login?next=/app/inbox" in answer.location
    fragment = client.get("/app/inbox/list", headers={"HX-Request": "true"})
    assert fragment.status_code == 401


def test_window_of_the_channel_is_part_of_the_header(as_person, cast, make):
    whatsapp = make.conversation(cast.organization_id, make.device(cast.organization_id))
    chat = make.conversation(cast.organization_id, make.device(cast.organization_id, "webchat", config={}))
    call = as_person(cast.agent)
    assert re.search(r'data-window-ends="20\d\d-', call.get(f"/app/inbox/{whatsapp.id}/thread").text)
    assert 'data-window-ends=""' in call.get(f"/app/inbox/{chat.id}/thread").text


def test_every_kind_of_message_can_be_drawn(as_person, cast, make):
    row = make.conversation(cast.organization_id)
    buttons = [{"id": "1", "title": "Ya", "description": "lanjut"}]
    for kind, payload in (
        ("text", {}),
        ("image", {}),
        ("document", {}),
        ("sticker", {}),
        ("location", {"location": {"latitude": -6.2, "longitude": 106.8}}),
        ("contacts", {"contacts": [{"name": {"formatted_name": "Sari"}, "phones": [{"phone": "1"}]}, "x"]}),
        ("reaction", {"reaction": {"emoji": None}}),
        ("interactive", {"choice_id": "1"}),
        ("unsupported", {"type": "poll"}),
        ("something new", {"what": ["ever"]}),
    ):
        make.message(row, "", type=kind, payload=payload)
    for status in ("queued", "sent", "delivered", "read", "failed", "unknown"):
        make.message(row, status, direction="out", status=status, error={"code": "131047", "message": "x"})
    make.message(row, "Pilih", direction="out", type="buttons", payload={"buttons": buttons})
    make.message(
        row,
        "Pilih",
        direction="out",
        sender_type="bot",
        type="list",
        payload={"buttons": buttons, "list_button": "Menu", "header": "Atas", "footer": "Bawah"},
    )
    answer = as_person(cast.agent).get(f"/app/inbox/{row.id}/thread")
    assert answer.status_code == 200
    assert answer.text.count('data-entry="message"') == 18


def test_answered_message_is_quoted(as_person, cast, make):
    row = make.conversation(cast.organization_id)
    asked = make.message(row, "Warna apa?", direction="out", sender_id=cast.agent.id)
    make.message(row, "Yang merah", payload={"reply_to_external_id": asked.external_id})
    text = as_person(cast.agent).get(f"/app/inbox/{row.id}/thread").text
    assert f'data-quote="m-{asked.id}"' in text


def test_own_client_id_comes_back_with_the_message(as_person, cast, make):
    row = make.conversation(cast.organization_id)
    call = as_person(cast.agent)
    url = f"/api/app/inbox/conversations/{row.id}/messages"
    assert call.post(url, json={"text": "Halo", "client_id": "abc-1"}).status_code == 201
    assert 'data-client="abc-1"' in call.get(f"/app/inbox/{row.id}/thread").text
    assert 'data-client="abc-1"' not in as_person(cast.admin).get(f"/app/inbox/{row.id}/thread").text
    # It is for pages, not content: a message needs words all the same
    assert call.post(url, json={"text": " ", "client_id": "abc-2"}).status_code == 422


def test_activity_is_told_in_words(as_person, cast, make):
    row = make.conversation(cast.organization_id)
    make.label(cast.organization_id, "VIP")
    admin = identity(cast.admin)
    with acting_as(cast.organization_id):
        conversations.assign(admin, row.id, cast.agent.id)
        conversations.set_labels(admin, row.id, ["VIP"])
        conversations.set_labels(admin, row.id, [])
        conversations.set_status(admin, row.id, "pending")
        conversations.set_status(admin, row.id, "resolved")
        conversations.set_status(admin, row.id, "open")
        conversations.assign(admin, row.id, None)
        assert db.session.get(Conversation, row.id).status == "open"
    text = as_person(cast.admin).get(f"/app/inbox/{row.id}/thread").text
    lines = re.findall(r'data-entry="activity"[^>]*><span>(.*?) · ', text)
    assert len(lines) == 7
    assert all(cast.admin.name in line for line in lines)
    assert cast.agent.name in lines[0]
    assert "VIP" in lines[1]
    assert "VIP" in lines[2]


def test_canned_replies_are_offered_by_shortcut_and_text(as_person, cast, make):
    make.canned_reply(cast.organization_id, "rekening", "BCA 123")
    call = as_person(cast.agent)
    assert "/rekening" in call.get("/app/inbox/canned?q=rek").text
    assert "/rekening" in call.get("/app/inbox/canned?q=bca").text
    assert "/rekening" not in call.get("/app/inbox/canned?q=zz").text
    assert "/rekening" not in as_person(cast.stranger).get("/app/inbox/canned?q=rek").text


def test_contact_changes_are_told_to_open_pages(cast, make, as_person, monkeypatch):
    from cloudchat.realtime import core

    told = []
    monkeypatch.setattr(core, "emit", lambda name, payload, rooms, *_: told.append((name, payload)))
    contact = make.contact(cast.organization_id)
    as_person(cast.agent).patch(f"/api/app/contacts/{contact.id}", json={"name": "Ibu Ratna"})
    assert ("contact:updated", {"contactId": contact.id}) in told


def test_unread_of_one_user_equals_the_count_for_all(cast, make):
    from cloudchat.services import unread

    for assignee in (None, cast.agent.id, cast.colleague.id):
        row = make.conversation(cast.organization_id, assignee_id=assignee)
        make.message(row, "a")
        make.message(row, "b")
    with acting_as(cast.organization_id):
        everybody = unread.counts()
        for person in (cast.admin, cast.agent, cast.colleague):
            assert unread.count_for(person.id) == everybody[person.id]
        assert unread.count_for(cast.agent.id) == unread.Counts(2, 4)
        assert unread.count_for(cast.stranger.id) == unread.Counts()


def test_search_finds_names_and_numbers_of_its_own_organization_only(cast, make, as_person):
    """The search looks past row-level security, so it compares the tenant itself."""
    found = {}
    for organization_id in (cast.organization_id, cast.neighbour_id):
        row = make.conversation(organization_id, name="Budi Santoso_100%")
        with acting_as(organization_id):
            db.session.get(Contact, row.contact_id).phone = "+6281277778888"
            db.session.commit()
        make.message(row, "Pesanan kemarin")
        found[organization_id] = row.id
    make.message(make.conversation(cast.organization_id, name="Siti"), "Halo")
    for q in ("santoso", "0812-7777-8888", "+62 812 7777", "77778888", "o_100%", "pesanan kem", "bu"):
        for person in (cast.agent, cast.stranger):
            call = as_person(person)
            items = call.get("/api/app/inbox/conversations", query_string={"q": q}).json["items"]
            assert [item["id"] for item in items] == [found[person.organization_id]], q
            counts = call.get("/api/app/inbox/counts", query_string={"q": q}).json
            assert counts["all"] == 1, q


def test_search_among_very_many_finds_those_that_spoke_last(cast, make, as_person, monkeypatch):
    monkeypatch.setattr(searching, "MOST_FOUND", 2)
    rows = [make.conversation(cast.organization_id, name=f"Budi {number}") for number in range(6)]
    for row in rows:
        make.message(row)
    items = as_person(cast.agent).get("/api/app/inbox/conversations?q=Budi").json["items"]
    assert [item["id"] for item in items] == [row.id for row in rows[:1:-1]]
