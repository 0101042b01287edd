"""The divisions' API."""

from flask import request
from pydantic import ValidationError
from spectree import Response as Answers

from blueprints.queueing import bp
from blueprints.queueing.schemas import DivisionBody, Members, Order, Removal
from cloudchat.errors import Invalid
from cloudchat.models import Division, User
from cloudchat.services import divisions
from cloudchat.services.presenting import iso
from cloudchat.services.queueing import figures
from cloudchat.web import api, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_422")
DONE = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")
MADE = Answers("HTTP_201", "HTTP_401", "HTTP_403", "HTTP_422")
GOING = Answers("HTTP_202", "HTTP_204", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_422")
GONE = Answers("HTTP_204", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_422")


@bp.get("/api/app/divisions")
@requires("agent")
@api.validate(resp=OK, tags=["divisions"])
def list_divisions():
    return {"items": _json(divisions.all_divisions()), "next_cursor": None}


@bp.post("/api/app/divisions")
@requires("admin")
@api.validate(json=DivisionBody, resp=MADE, tags=["divisions"])
def create_division(json: DivisionBody):
    return _one(divisions.save(Division(), json.values())), 201


@bp.put("/api/app/divisions/<int:division_id>")
@requires("admin")
@api.validate(json=DivisionBody, resp=DONE, tags=["divisions"])
def change_division(division_id: int, json: DivisionBody):
    return _one(divisions.save(divisions.get(division_id), json.values()))


@bp.delete("/api/app/divisions/<int:division_id>")
@requires("admin")
@api.validate(resp=GOING, tags=["divisions"])
def delete_division(division_id: int):
    """A body `{move_to}` says where those go who wait; without it they are told and asked again.

    202 where many wait: they are seen to first, `closing` says how far that is, and then it goes.
    """
    if divisions.delete(division_id, _removal().move_to):
        return "", 204
    return _one(divisions.get(division_id)), 202


@bp.put("/api/app/divisions/reorder")
@requires("admin")
@api.validate(json=Order, resp=OK, tags=["divisions"])
def reorder_divisions(json: Order):
    return {"items": _json(divisions.reorder(json.ids)), "next_cursor": None}


@bp.get("/api/app/divisions/<int:division_id>/agents")
@requires("agent")
@api.validate(resp=OK, tags=["divisions"])
def list_division_agents(division_id: int):
    row = divisions.get(division_id)
    return {"items": [_agent(user) for user in divisions.members_of([row.id])[row.id]], "next_cursor": None}


@bp.post("/api/app/divisions/<int:division_id>/agents")
@requires("admin")
@api.validate(json=Members, resp=MADE, tags=["divisions"])
def add_division_agents(division_id: int, json: Members):
    row = divisions.add_members(division_id, json.user_ids)
    return {
        "items": [_agent(user) for user in divisions.members_of([row.id])[row.id]],
        "next_cursor": None,
    }, 201


@bp.delete("/api/app/divisions/<int:division_id>/agents/<int:user_id>")
@requires("admin")
@api.validate(resp=GONE, tags=["divisions"])
def remove_division_agent(division_id: int, user_id: int):
    divisions.remove_member(division_id, user_id)
    return "", 204


def _removal() -> Removal:
    """The body of a DELETE is optional, and SpecTree reads none."""
    try:
        return Removal.model_validate(request.get_json() if request.get_data(cache=True) else {})
    except ValidationError:
        raise Invalid(fields={"move_to": ["unknown_division"]}) from None


def _one(row: Division) -> dict:
    return _json([row])[0]


def _json(rows: list[Division]) -> list[dict]:
    ids = [row.id for row in rows]
    members, here = divisions.members_of(ids), figures.of(rows)
    return [
        {
            "id": row.id,
            "name": row.name,
            "description": row.description,
            "keyword_triggers": row.keyword_triggers,
            "is_active": row.is_active,
            "position": row.position,
            "avg_handling_time_minutes": row.avg_handling_time_minutes,
            "show_wait_time": row.show_wait_time,
            "auto_detect_keywords": row.auto_detect_keywords,
            "agents": [_agent(user) for user in members[row.id]],
            "agents_count": len(members[row.id]),
            "agents_online": here[row.id].online,
            "waiting": here[row.id].waiting,
            "closing": _closing(row, here[row.id].waiting),
            "created_at": iso(row.created_at),
            "updated_at": iso(row.updated_at),
        }
        for row in rows
    ]


def _closing(row: Division, waiting: int) -> dict | None:
    """How far a division is that closes while people wait in it."""
    if row.closing_at is None:
        return None
    return {"total": row.closing_total, "left": waiting, "deletes": row.closing_deletes}


def _agent(user: User) -> dict:
    return {"id": user.id, "name": user.name, "role": user.role, "availability": user.availability}
