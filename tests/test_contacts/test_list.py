"""The list: paging is complete and without doubles, by an index; words are words."""

import threading

import pytest
from sqlalchemy import text

from cloudchat.extensions import db
from cloudchat.models import Contact
from cloudchat.services import contacts
from cloudchat.services.contacts import Filter
from cloudchat.services.searching import MOST_FOUND
from cloudchat.tenancy import acting_as


def walk(api, query="", limit=7):
    """Every contact that the API gives, page by page."""
    found, cursor = [], ""
    while cursor is not None:
        answer = api.get(f"/api/app/contacts?limit={limit}&{query}&cursor={cursor}").get_json()
        found += answer["items"]
        cursor = answer["next_cursor"]
    return found


@pytest.fixture
def crowd(cast):
    with acting_as(cast.organization_id):
        names = ["andi", "Budi", "budi", "BUDI", "Çetin", "zaki", "Zaki", "Andi"] * 5
        db.session.add_all(Contact(name=name) for name in names)
        db.session.commit()
    return cast


@pytest.mark.parametrize("sort", ["name", "-name", "created", "-created"])
def test_pages_are_complete_and_in_order(crowd, as_person, sort):
    found = walk(as_person(crowd.agent), f"sort={sort}")
    ids = [item["id"] for item in found]
    assert len(ids) == len(set(ids)) == 40
    if sort.endswith("name"):
        keys = [
            (item["name"].lower() if item["name"].isascii() else item["name"], item["id"]) for item in found
        ]
    else:
        keys = ids
    assert keys == sorted(keys, reverse=sort.startswith("-"))


def test_paging_while_others_are_added(app, crowd, as_person):
    stop = threading.Event()

    def add():
        with app.app_context(), acting_as(crowd.organization_id):
            for _ in range(150):  # an end: a busy machine may add faster than it reads
                if stop.is_set():
                    break
                db.session.add(Contact(name=f"m{len(before)}"))
                db.session.commit()

    before = {item["id"] for item in walk(as_person(crowd.agent))}
    thread = threading.Thread(target=add)
    thread.start()
    try:
        ids = [item["id"] for item in walk(as_person(crowd.agent), limit=3)]
    finally:
        stop.set()
        thread.join()
    assert len(ids) == len(set(ids))
    assert before <= set(ids)


@pytest.mark.parametrize("sort", ["name", "-name", "created", "-created"])
def test_a_page_comes_from_an_index(cast, sort):
    with acting_as(cast.organization_id):
        db.session.execute(
            text(
                "insert into contacts (organization_id, name, custom_fields, created_at, updated_at)"
                " select :id, 'Orang ' || md5(i::text), '{}', now(), now() from generate_series(1, 20000) i"
            ),
            {"id": cast.organization_id},
        )
        db.session.commit()
        db.session.execute(text("set local enable_sort = off"))
        first = contacts.page(Filter(), sort, limit=50)
        after = contacts.place_of(first[-1], sort)
        seen = []
        from sqlalchemy import event

        def explain(connection, cursor, statement, parameters, context, many):
            if "contacts" in statement and not statement.startswith("EXPLAIN"):
                plan = connection.exec_driver_sql("EXPLAIN (ANALYZE, BUFFERS OFF) " + statement, parameters)
                seen.append("\n".join(row[0] for row in plan))

        event.listen(db.engine, "before_cursor_execute", explain)
        try:
            contacts.page(Filter(), sort, after, limit=50)
        finally:
            event.remove(db.engine, "before_cursor_execute", explain)
    plan = seen[0]
    index = "ix_contacts_name_order" if sort.endswith("name") else "uq_contacts_organization_id_id"
    assert index in plan, plan
    assert ("Index Cond" in plan and "ROW(" in plan) or "id" in plan
    assert "Rows Removed" not in plan, plan


def test_a_search_is_complete_whether_few_match_or_many(cast, as_person):
    """Few are named by id, many are looked through: nobody is left out, nobody of others comes in."""
    add = text(
        "insert into contacts (organization_id, name, phone, custom_fields, created_at, updated_at)"
        " select :id, 'Banyak ' || i, '+6281900' || lpad(i::text, 6, '0'), '{}', now(), now()"
        " from generate_series(1, :count) i"
    )
    sizes = {cast.organization_id: MOST_FOUND + 50, cast.stranger.organization_id: 3}
    for organization_id, count in sizes.items():
        with acting_as(organization_id):
            db.session.execute(add, {"id": organization_id, "count": count})
            db.session.commit()
    with acting_as(cast.organization_id):
        assert contacts.count(Filter("banyak")) == MOST_FOUND + 50
        assert contacts.count(Filter("banyak 1")) == 111 + 51  # 1, 1x, 1xx; 1000 to 1050
        assert contacts.count(Filter("0819 0000 0777")) == 1
        assert [row.name for row in contacts.page(Filter("banyak 77"), limit=1)][:1] == ["Banyak 77"]
        assert len({row.id for row in contacts.page(Filter("819000"), limit=2000)}) == MOST_FOUND + 50


@pytest.mark.parametrize(
    "words", ["' OR 1=1--", '"; DROP TABLE contacts', "%", "_", "\\", "{{7*7}}", "<script>"]
)
def test_words_are_words(cast, make, as_person, words):
    make.contact(cast.organization_id, f"Toko {words} Jaya")
    make.contact(cast.organization_id, "Biasa")
    answer = as_person(cast.agent).get("/api/app/contacts", query_string={"q": words})
    assert [item["name"] for item in answer.get_json()["items"]] == [f"Toko {words} Jaya"]
    page = as_person(cast.agent).get("/app/contacts", query_string={"q": words})
    assert page.status_code == 200
    assert (
        "<script>" not in page.text.replace("<script type", "").split("contact-rows")[1].split("</tbody>")[0]
    )


@pytest.mark.parametrize(
    "query", ["sort=phone", "sort=name;drop", "limit=0", "limit=1000", "cursor=x", "q=" + "a" * 300]
)
def test_what_the_api_does_not_take(cast, as_person, query):
    assert as_person(cast.agent).get(f"/api/app/contacts?{query}").status_code == 422
    assert as_person(cast.agent).get(f"/app/contacts?{query}").status_code == 200


def test_a_cursor_belongs_to_its_order(crowd, as_person):
    api = as_person(crowd.agent)
    cursor = api.get("/api/app/contacts?limit=2").get_json()["next_cursor"]
    assert api.get(f"/api/app/contacts?sort=-name&cursor={cursor}").status_code == 422
    assert api.get(f"/api/app/contacts?sort=created&cursor={cursor}").status_code == 422


def test_labels_narrow_the_list(cast, make, as_person):
    vip, theirs = make.label(cast.organization_id, "Éclair"), make.label(cast.neighbour_id, "Éclair")
    marked = make.contact(cast.organization_id, "Ani")
    make.contact(cast.organization_id, "Budi")
    api = as_person(cast.agent)
    done = api.post("/api/app/contacts/labels", json={"ids": [marked.id], "add": [vip.id]})
    assert done.get_json() == {"count": 1}
    for label in (vip.id, "Éclair"):
        answer = api.get("/api/app/contacts", query_string={"label": label}).get_json()
        assert [item["name"] for item in answer["items"]] == ["Ani"]
    assert api.get(f"/api/app/contacts?label={theirs.id}").get_json()["items"] == []


def test_many_at_once_or_none(cast, make, as_person):
    mine = [make.contact(cast.organization_id, name).id for name in ("A", "B")]
    theirs = make.contact(cast.neighbour_id, "Milik lain").id
    label, foreign = make.label(cast.organization_id), make.label(cast.neighbour_id)
    admin = as_person(cast.admin)
    for ids in ([*mine, theirs], [*mine, 2**31 - 1]):
        assert admin.post("/api/app/contacts/labels", json={"ids": ids, "add": [label.id]}).status_code == 404
        assert admin.post("/api/app/contacts/delete", json={"ids": ids}).status_code == 404
    for ids in ([], ["1"], [True], [-1], [2**31], [1.5], "1", list(range(1, 1002))):
        assert admin.post("/api/app/contacts/delete", json={"ids": ids}).status_code == 422
    refused = admin.post("/api/app/contacts/labels", json={"ids": mine, "add": [foreign.id]})
    assert refused.status_code == 422
    assert as_person(cast.manager).post("/api/app/contacts/delete", json={"ids": mine}).status_code == 403
    assert len(walk(admin)) == 2
    assert admin.post("/api/app/contacts/labels", json={"ids": mine, "add": [label.id]}).status_code == 200
    assert (
        admin.post("/api/app/contacts/labels", json={"ids": mine[:1], "remove": [label.id]}).status_code
        == 200
    )
    assert [item["labels"] for item in walk(admin)] == [[], [label.name]]
    assert admin.post("/api/app/contacts/delete", json={"ids": [*mine, *mine]}).get_json() == {"count": 2}
    assert walk(admin) == []
    assert len(walk(as_person(cast.stranger))) == 1


def test_deleting_takes_conversations_along(cast, make, as_person):
    conversation = make.conversation(cast.organization_id)
    make.message(conversation)
    admin = as_person(cast.admin)
    page = admin.get(f"/app/contacts/{conversation.contact_id}")
    assert "delete-contact" in page.text
    assert (
        "delete-contact" not in as_person(cast.manager).get(f"/app/contacts/{conversation.contact_id}").text
    )
    assert admin.post(f"/app/contacts/{conversation.contact_id}/delete").status_code == 303
    assert admin.get(f"/api/app/inbox/conversations/{conversation.id}").status_code == 404
