"""The agents' API: who is there, how much they have, and what one sets for oneself."""

from spectree import Response as Answers

from blueprints.queueing import bp
from blueprints.queueing.schemas import AgentChange, AgentQuery, Availability
from cloudchat.errors import NotFound
from cloudchat.services import members
from cloudchat.services.queueing import availability
from cloudchat.services.queueing.availability import AgentNow
from cloudchat.web import api, decode_cursor, encode_cursor, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_422")


@bp.get("/api/app/agents")
@requires("agent")
@api.validate(query=AgentQuery, resp=OK, tags=["agents"])
def list_agents(query: AgentQuery):
    after = decode_cursor(query.cursor, str, int)
    rows = availability.agents_now(tuple(after) if after else None, query.limit + 1)
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    next_cursor = encode_cursor(rows[-1].name, rows[-1].id) if more else None
    return {"items": [agent_json(row) for row in rows], "next_cursor": next_cursor}


@bp.put("/api/app/agents/<int:user_id>")
@requires("manager")
@api.validate(json=AgentChange, resp=OK, tags=["agents"])
def change_agent(user_id: int, json: AgentChange):
    members.change(user_id, {"capacity": json.capacity})
    return agent_json(availability.of_user(user_id))


@bp.get("/api/app/agents/me")
@requires("agent")
@api.validate(resp=OK, tags=["agents"])
def show_availability():
    return _mine(availability.of_user(_own_id()))


@bp.put("/api/app/agents/me/availability")
@requires("agent")
@api.validate(json=Availability, resp=OK, tags=["agents"])
def set_availability(json: Availability):
    return _mine(availability.set_mine(_own_id(), json.status, json.requeue))


def _own_id() -> int:
    if me().acting:  # an operator has no account here
        raise NotFound("user")
    return me().user_id


def _mine(row: AgentNow) -> dict:
    return {**agent_json(row), "status": row.availability, "open_conversations": row.open}


def agent_json(row: AgentNow) -> dict:
    return {
        "id": row.id,
        "name": row.name,
        "role": row.role,
        "availability": row.availability,
        "connected": row.connected,
        "available": row.is_available,
        "load": row.open,
        "capacity": row.capacity,
        "division_ids": row.division_ids,
    }
