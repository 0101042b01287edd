"""The operator's area: organizations of this installation, its health, and audited "act as"."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from redis.exceptions import RedisError

from cloudchat import config, jobs
from cloudchat.errors import AppError, Conflict, Invalid
from cloudchat.extensions import now, redis
from cloudchat.messages import sentence
from cloudchat.services import operating
from cloudchat.web import decode_cursor, encode_cursor, me, requires

bp = Blueprint("operator", __name__, url_prefix="/operator")

PAGE = 25
MAX_SEARCH = 100


def _errors_of(error: AppError) -> dict[str, list[str]]:
    """Sentences by form field; a refusal without a field becomes a message above."""
    if not error.fields:
        flash(sentence(error.code, error.message), "error")
    return {name: [sentence(item, item) for item in items] for name, items in error.fields.items()}


@bp.get("/")
@requires("operator")
def index():
    q = request.args.get("q", "").replace("\0", "").strip()[:MAX_SEARCH]
    cursor = decode_cursor(request.args.get("cursor"), int)
    rows = operating.page(q, cursor[0] if cursor else None, PAGE)
    more = encode_cursor(rows[PAGE - 1].id) if len(rows) > PAGE else None
    template = "_rows" if request.headers.get("HX-Request") else "index"
    return render_template(f"admin/operator/{template}.html", rows=rows[:PAGE], next_cursor=more, q=q)


@bp.route("/organizations/new", methods=["GET", "POST"])
@requires("operator")
def create():
    form, errors = request.form, {}
    if request.method == "POST":
        try:
            token = operating.create(
                form.get("name", ""),
                form.get("timezone", ""),
                form.get("locale", ""),
                form.get("email", ""),
                form.get("admin_name", ""),
            )
        except (Invalid, Conflict) as error:
            errors = _errors_of(error)
        else:
            link = f"{config.active().public_url}/invitation/{token}"
            page = render_template(
                "admin/operator/created.html", link=link, name=form.get("name"), email=form.get("email")
            )
            return Response(page, 201)
    page = render_template("admin/operator/new.html", form=form, errors=errors)
    return Response(page, 422 if request.method == "POST" else 200)


@bp.get("/organizations/<int:organization_id>")
@requires("operator")
def show(organization_id: int):
    return _show(organization_id)


def _show(organization_id: int, errors: dict | None = None) -> Response:
    page = render_template(
        "admin/operator/show.html",
        row=operating.get(organization_id),
        is_home=organization_id == me().home_organization_id,
        errors=errors or {},
        reason=request.form.get("reason", ""),
        due_at=operating.deletion_due_at(organization_id),
    )
    return Response(page, 422 if errors is not None else 200)


@bp.post("/organizations/<int:organization_id>/deletion")
@requires("operator")
def delete_organization(organization_id: int):
    try:
        operating.ask_deletion(me(), organization_id, request.form.get("name", ""))
    except (Invalid, Conflict) as error:
        return _show(organization_id, _errors_of(error))
    return redirect(url_for("operator.show", organization_id=organization_id))


@bp.post("/organizations/<int:organization_id>/deletion/undo")
@requires("operator")
def keep_organization(organization_id: int):
    try:
        operating.undo_deletion(me(), organization_id)
    except Conflict as error:
        return _show(organization_id, _errors_of(error))
    flash(_("The organization stays."), "success")
    return redirect(url_for("operator.show", organization_id=organization_id))


@bp.post("/organizations/<int:organization_id>/active")
@requires("operator")
def set_active(organization_id: int):
    active = request.form.get("active") == "yes"
    try:
        operating.set_active(me(), organization_id, active)
    except Conflict as error:
        return _show(organization_id, _errors_of(error))
    done = _("The organization is active again.") if active else _("The organization is shut out.")
    flash(done, "success")
    return redirect(url_for("operator.show", organization_id=organization_id))


@bp.post("/organizations/<int:organization_id>/act")
@requires("operator")
def act(organization_id: int):
    try:
        operating.start_acting(me(), organization_id, request.form.get("reason", ""))
    except (Invalid, Conflict) as error:
        return _show(organization_id, _errors_of(error))
    return redirect(url_for("inbox.index"))


@bp.post("/stop")
@requires("operator")
def stop_acting():
    organization_id = me().organization_id
    acting = me().acting
    operating.stop_acting(me())
    if not acting:
        return redirect(url_for("operator.index"))
    return redirect(url_for("operator.show", organization_id=organization_id))


@bp.get("/health")
@requires("operator")
def health():
    page = "_health" if request.headers.get("HX-Request") else "health"
    return render_template(
        f"admin/operator/{page}.html",
        database=operating.database_health(),
        redis=_redis_health(),
        queues=_queues(),
        at=now(),
    )


def _redis_health() -> dict[str, Any] | None:
    """Numbers of Redis; None while it is away."""
    try:
        facts = redis.client.info()
    except RedisError:
        return None
    return {
        "memory": facts.get("used_memory", 0),
        "clients": facts.get("connected_clients", 0),
        "uptime": facts.get("uptime_in_seconds", 0),
    }


def _queues() -> list[tuple[str, int, int]]:
    """(name, waiting, failed) of each job queue; empty while Redis is away."""
    try:
        queues = [jobs.queue(name) for name in (*jobs.QUEUES, jobs.COURTESIES)]
        return [(queue.name, queue.count, queue.failed_job_registry.count) for queue in queues]
    except RedisError:
        return []
