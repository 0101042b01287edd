"""Pages of the division queue. First paint and live update are drawn by the same templates."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import render_template, request

from blueprints.queueing import bp
from blueprints.queueing.wording import PAGE_LIMITS, STATES, shown_state
from cloudchat.models import Division
from cloudchat.services import divisions as division_service
from cloudchat.services import members
from cloudchat.services.queueing import availability, listing, overview
from cloudchat.services.queueing import report as waits
from cloudchat.services.queueing import settings as queue_settings
from cloudchat.web import me, requires

LONGEST_RANGE = timedelta(days=waits.LONGEST)

# --- divisions ---------------------------------------------------------------------------------


@bp.get("/app/settings/divisions")
@requires("admin")
def divisions():
    settings = queue_settings.get()
    return render_template("queueing/divisions.html", is_enabled=settings.is_enabled, **_divisions())


@bp.get("/app/settings/divisions/rows")
@requires("admin")
def division_rows():
    """The table alone, after a change."""
    return render_template("queueing/_divisions.html", **_divisions())


def _divisions() -> dict:
    return {"rows": listing.all_divisions()}


@bp.get("/app/settings/divisions/new")
@requires("admin")
def new_division():
    return render_template("queueing/_division_form.html", row=None, waiting=0, **_people(None))


@bp.get("/app/settings/divisions/<int:division_id>/edit")
@requires("admin")
def edit_division(division_id: int):
    row = division_service.get(division_id)
    return render_template("queueing/_division_form.html", row=row, **_people(row.id), **_closing(row))


@bp.get("/app/settings/divisions/<int:division_id>/people")
@requires("admin")
def edit_division_agents(division_id: int):
    row = division_service.get(division_id)
    return render_template("queueing/_division_agents.html", row=row, **_people(row.id))


def _people(division_id: int | None) -> dict:
    chosen = (
        {user.id for user in division_service.members_of([division_id])[division_id]}
        if division_id
        else set()
    )
    return {"agents": members.active(), "chosen": chosen, "limits": PAGE_LIMITS}


@bp.get("/app/settings/divisions/<int:division_id>/removal")
@requires("admin")
def removal(division_id: int):
    """What deleting a division, or switching it off, means for those who wait in it."""
    row = division_service.get(division_id)
    action = "off" if request.args.get("action") == "off" else "delete"
    return render_template("queueing/_removal.html", row=row, action=action, **_closing(row))


def _closing(row: Division) -> dict:
    """Who would have to go elsewhere if it closed, and where to."""
    every = listing.all_divisions()
    return {
        "waiting": sum(division.waiting for division in every if division.row.id == row.id),
        "others": [other.row for other in every if other.row.is_active and other.row.id != row.id],
    }


# --- settings ----------------------------------------------------------------------------------


@bp.get("/app/settings/queue")
@requires("admin")
def settings():
    return render_template(
        "queueing/settings.html",
        values=queue_settings.get(),
        defaults=queue_settings.DEFAULTS,
        limits=PAGE_LIMITS,
        divisions=sum(division.row.is_active for division in listing.all_divisions()),
    )


# --- now ---------------------------------------------------------------------------------------


@bp.get("/app/queue/panel")
@requires("agent")
def panel():
    """The queues above the inbox's list; with the queue off only those in which somebody still waits."""
    found = overview.divisions_now(me())
    if not queue_settings.get_kept().is_enabled:
        found = [division for division in found if division.waiting]
    agents = _by_presence() if found else []
    return render_template(
        "queueing/_panel.html",
        divisions=found,
        total=sum(division.waiting for division in found),
        agents_of={
            division.id: [agent for agent in agents if division.id in agent.division_ids]
            for division in found
        },
    )


def _by_presence() -> list[availability.AgentNow]:
    """The agents, those first who are there."""
    return sorted(availability.agents_now(), key=lambda agent: STATES.index(shown_state(agent)))


@bp.get("/app/queue/wall")
@requires("manager")
def wall():
    return render_template("queueing/wall.html", **_wall())


@bp.get("/app/queue/wall/now")
@requires("manager")
def wall_now():
    """The figures of the wall as they are at this moment."""
    return render_template("queueing/_wall.html", **_wall())


def _wall() -> dict:
    day = _today()
    return {
        "divisions": overview.divisions_now(me()),
        "agents": [agent for agent in _by_presence() if agent.division_ids],
        "today": {row.division_id: row for row in waits.estimates(day, day)},
    }


# --- estimate against reality ------------------------------------------------------------------


@bp.get("/app/queue/report")
@requires("manager")
def report():
    start, end = _range()
    return render_template(
        "queueing/report.html",
        rows=[row for row in waits.estimates(start, end) if row.entered],
        start=start,
        end=end,
    )


def _today() -> date:
    return datetime.now(ZoneInfo(me().timezone)).date()


def _range() -> tuple[date, date]:
    """The days of the address, both included; what cannot be read is the last 7 days."""
    today = _today()
    given = [_day(request.args.get(name)) for name in ("from", "to")]
    if all(given):
        start, end = (min(day, today) for day in sorted(given))
        return max(start, end - LONGEST_RANGE), end
    days = request.args.get("days", 7, type=int)
    days = days if 1 <= days <= LONGEST_RANGE.days else 7
    return today - timedelta(days=days - 1), today


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
