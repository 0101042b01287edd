"""Filters of the list that are kept under a name."""

from flask import render_template
from spectree import Response as Answers

from blueprints.contacts import bp
from blueprints.contacts.schemas import FilterName, FiltersQuery, NewFilter
from cloudchat.services import contact_filters, contacts
from cloudchat.web import api, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_404", "HTTP_422")
MADE = Answers("HTTP_201", "HTTP_401", "HTTP_403", "HTTP_409", "HTTP_422")
DONE = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")
GONE = Answers("HTTP_204", "HTTP_401", "HTTP_403", "HTTP_404")


def filter_json(row) -> dict:
    return {"id": row.id, "name": row.name, "q": row.q, "label_id": row.label_id}


@bp.get("/api/app/contacts/filters")
@requires("agent")
@api.validate(query=FiltersQuery, resp=OK, tags=["contacts"])
def list_filters(query: FiltersQuery):
    """By name; with `counts`, also how many contacts each finds now (at most 10,001 are counted)."""
    rows = contact_filters.all_filters()
    items = [filter_json(row) for row in rows]
    if query.counts:
        for item, found in zip(items, contact_filters.counts(rows), strict=True):
            item["count"] = found
    return {"items": items, "count_cap": contacts.COUNT_CAP, "next_cursor": None}


@bp.post("/api/app/contacts/filters")
@requires("agent")
@api.validate(json=NewFilter, resp=MADE, tags=["contacts"])
def create_filter(json: NewFilter):
    return filter_json(contact_filters.keep(me(), json.name, json.q, json.label)), 201


@bp.patch("/api/app/contacts/filters/<int:filter_id>")
@requires("agent")
@api.validate(json=FilterName, resp=DONE, tags=["contacts"])
def rename_filter(filter_id: int, json: FilterName):
    return filter_json(contact_filters.rename(me(), filter_id, json.name))


@bp.delete("/api/app/contacts/filters/<int:filter_id>")
@requires("agent")
@api.validate(resp=GONE, tags=["contacts"])
def delete_filter(filter_id: int):
    contact_filters.forget(me(), filter_id)
    return "", 204


@bp.get("/app/contacts/filters")
@requires("agent")
def filter_menu():
    """What the list's menu of filters shows."""
    return render_template("contacts/_filters.html", filters=kept_filters())


def kept_filters() -> list[dict]:
    """The filters with whether the caller may change each."""
    return [
        {**filter_json(row), "mine": contact_filters.may_change(me(), row)}
        for row in contact_filters.all_filters()
    ]
