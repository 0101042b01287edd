"""Canaries in every organization's rows, and a look at all that anybody can read (H42, H45).

Three organizations get one of everything, with a word of their own in each column that people fill. Then
every GET route is read as admin, manager and agent of each, lists and exports and admin screens included,
and nobody may meet the word of another organization.
"""

import inspect
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cloudchat.extensions import db
from cloudchat.tenancy import acting_as
from tests import factories
from tests.contracts import objects
from tests.contracts.walk import makers, request_of, rules, url_of

# Columns that hold what people wrote, whatever their table
WRITTEN = [
    "name",
    "text",
    "title",
    "question",
    "answer",
    "description",
    "body",
    "greeting",
    "fallback_message",
    "outside_hours_message",
    "detail",
    "error",
    "last_error",
    "note",
    "word",
    "reason",
    "email",
    "subject",
    "filename",
    "color_name",
    "user_agent",
    "city",
]


@pytest.fixture
def aviary(cast):
    """The three organizations: a word each, and people of each role."""
    third = factories.organization()
    return [
        SimpleNamespace(
            id=number,
            word=f"kanari{number}x",
            people=[factories.person(number, role) for role in ("admin", "manager", "agent")],
        )
        for number in (cast.organization_id, cast.neighbour_id, third)
    ]


def fill(bird) -> set[str]:
    """One of everything, then the word into all that people write; answers the columns."""
    for _, make in inspect.getmembers(objects, inspect.isfunction):
        if make.__module__ == objects.__name__ and list(inspect.signature(make).parameters) == [
            "organization_id"
        ]:
            make(bird.id)
    written = set()
    with acting_as(bird.id):
        columns = db.session.execute(
            text(
                "select c.table_name, c.column_name, c.character_maximum_length"
                " from information_schema.columns c"
                " join information_schema.columns o using (table_schema, table_name)"
                " where c.table_schema = 'public' and o.column_name = 'organization_id'"
                " and c.data_type in ('text', 'character varying') and c.column_name = any(:names)"
                " and c.table_name not in ('audit_log', 'users')"
            ),
            {"names": WRITTEN},
        ).all()
        for table, column, longest in columns:
            change = f"update {table} set {column} = left(:word || ' ' || coalesce({column}, ''), :longest)"
            try:
                with db.session.begin_nested():
                    db.session.execute(text(change), {"word": bird.word, "longest": longest or 200})
                written.add(f"{table}.{column}")
            except DBAPIError:  # a column of fixed words, or unique in the organization
                continue
        db.session.commit()
    return written


def pages(app, bird) -> list[str]:
    """The addresses of all that can be read, with ids of the organization."""
    found = []
    for rule in rules(app):
        names = makers(rule)
        if "GET" not in rule.methods or set(names) != set(rule.arguments) or len(names) > 1:
            continue
        values = {name: make(bird.id) for name, make in names.items()}
        given = request_of(rule, bird.id).get("query_string", {})
        query = (
            "&".join(f"{key}={value}" for key, value in given.items()) if isinstance(given, dict) else given
        )
        found.append(url_of(app, rule, values) + (f"?{query}" if query else ""))
    for admin in app.extensions["admin"]:
        for view in admin._views:
            if view.blueprint is not None and "operator" not in view.endpoint:
                found += [f"{view.url}/", f"{view.url}/export/csv/"]
    return found


def test_nobody_meets_a_neighbours_canary(app, aviary, as_person):
    columns = [fill(bird) for bird in aviary]
    assert len(columns[0]) > 25, columns[0]
    leaks, met = [], set()
    for bird in aviary:
        others = [other.word for other in aviary if other is not bird]
        urls = pages(app, bird)
        assert len(urls) > 100
        for person in bird.people:
            reader = as_person(person)
            for url in urls:
                answer = reader.get(url)
                if answer.status_code >= 500:
                    leaks.append(f"{person.role} {url}: {answer.status_code}")
                seen = answer.get_data(as_text=True).lower() if answer.mimetype != "image/png" else ""
                leaks += [f"{person.role} {url}" for word in others if word in seen]
                if bird.word in seen:
                    met.add(url.partition("?")[0])
    assert not leaks, "\n".join(leaks)
    # The control: the words can be met at all, or nothing was proved
    assert len(met) > 60, sorted(met)


def test_searching_for_a_neighbours_canary_finds_and_counts_nothing(aviary, as_person):
    """H42: search, autocomplete, counts."""
    for bird in aviary[:2]:
        fill(bird)
    reader, foreign = as_person(aviary[0].people[0]), aviary[1].word
    for url in (
        "/api/app/inbox/conversations?q=",
        "/api/app/contacts?q=",
        "/api/app/meta-templates?q=",
        "/app/contacts?q=",
        "/app/inbox?q=",
    ):
        assert aviary[0].word in reader.get(url + aviary[0].word).get_data(as_text=True), url
        found = reader.get(url + foreign)
        items = found.json["items"] if found.is_json else found.get_data(as_text=True)
        assert items == [] or (not found.is_json and f"{foreign} " not in items), url
