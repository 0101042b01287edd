"""Pages of templates: the list, one of them, the builder, our own."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from blueprints.meta_templates import bp
from blueprints.meta_templates.routes import cut_to_page
from blueprints.meta_templates.schemas import OwnQuery, TemplateQuery
from blueprints.meta_templates.wording import categories, languages, status_options
from cloudchat.errors import Conflict, Invalid
from cloudchat.extensions import db
from cloudchat.messages import sentence
from cloudchat.models import MessageTemplate, MetaTemplate
from cloudchat.models.devices import DEVICE_TYPES
from cloudchat.services import message_templates
from cloudchat.services.meta_templates import catalog, rules, writing
from cloudchat.web import decode_cursor, me, requires

PAGE = 50
FILTERS = ("device_id", "waba_id", "status", "language", "q")


def _query() -> TemplateQuery:
    """What the address narrows the list to; nonsense narrows it to nothing."""
    given = {name: value for name in FILTERS if (value := request.args.get(name, "").strip())}
    try:
        return TemplateQuery(**given, cursor=request.args.get("cursor"), limit=PAGE)
    except ValueError:
        raise Invalid(code="invalid") from None


@bp.get("/app/settings/templates")
@requires("manager")
def index():
    query = _query()
    rows = catalog.page(query.filter(), decode_cursor(query.cursor, str, int), query.limit)
    rows, next_cursor = cut_to_page(rows, query.limit)
    return render_template(
        "meta_templates/_rows.html" if query.cursor else "meta_templates/index.html",
        rows=rows,
        next_cursor=next_cursor,
        query=query,
        filtered=any(request.args.get(name) for name in FILTERS),
        devices=catalog.official_devices(),
        waba_names=_waba_names(),
        syncs=catalog.syncs(),
        languages=catalog.languages(),
        statuses=status_options(),
    )


def _waba_names() -> dict[str, str]:
    """The devices of each WABA, by name."""
    names: dict[str, list[str]] = {}
    for device in catalog.official_devices():
        names.setdefault(catalog.waba_of(device), []).append(device.name)
    return {waba_id: ", ".join(found) for waba_id, found in names.items()}


@bp.get("/app/settings/templates/<int:template_id>")
@requires("manager")
def show(template_id: int):
    row = catalog.get(template_id)
    return render_template(
        "meta_templates/show.html",
        row=row,
        may_edit=row.status in writing.EDITABLE,
        waba_names=_waba_names(),
    )


@bp.get("/app/settings/templates/new")
@requires("manager")
def new():
    copied = request.args.get("copy", "")
    source = catalog.get(int(copied)) if copied.isdigit() and len(copied) < 10 else None
    return _builder(None, source)


@bp.get("/app/settings/templates/<int:template_id>/edit")
@requires("manager")
def edit(template_id: int):
    row = catalog.get(template_id)
    writing.check_editable(row)
    return _builder(row, row)


def _builder(row: MetaTemplate | None, source: MetaTemplate | None) -> str:
    given = catalog.outward(source) if source else {}
    return render_template(
        "meta_templates/builder.html",
        row=row,
        given=given,
        devices=catalog.official_devices(),
        limits=rules.LIMITS,
        categories=categories(),
        device_options=[(device.id, device.name) for device in catalog.official_devices()],
        language_options=[(code, code) for code in dict.fromkeys((*languages(), *_own(given)))],
    )


def _own(given: dict) -> tuple[str, ...]:
    """The language of what is copied, which may be one that we do not offer."""
    return (given["language"],) if given else ()


# --- our own -----------------------------------------------------------------------------------


@bp.get("/app/settings/message-templates")
@requires("manager")
def own_index():
    query = OwnQuery(q=request.args.get("q", "")[:200], cursor=request.args.get("cursor"), limit=PAGE)
    rows = message_templates.page(query.q, None, decode_cursor(query.cursor, str, int), query.limit)
    rows, next_cursor = cut_to_page(rows, query.limit)
    name = "meta_templates/_own_rows.html" if query.cursor else "meta_templates/own.html"
    return render_template(name, rows=rows, next_cursor=next_cursor, query=query)


@bp.route("/app/settings/message-templates/new", methods=["GET", "POST"])
@requires("manager")
def new_own():
    return _own_form(MessageTemplate())


@bp.route("/app/settings/message-templates/<int:own_id>", methods=["GET", "POST"])
@requires("manager")
def edit_own(own_id: int):
    return _own_form(message_templates.get(own_id))


def _own_form(row: MessageTemplate):
    values = {name: getattr(row, name) or "" for name in ("name", "body", "device_type")}
    errors: dict = {}
    version = message_templates.edits.version_of(message_templates.editable(row)) if row.id else ""
    if request.method == "POST":
        values = {name: request.form.get(name, "") for name in values}
        try:
            expected = request.form.get("version") or None
            message_templates.save(row, values, me().author_id, expected)
            flash(_("Saved."), "success")
            return redirect(url_for("meta_templates.own_index"), 303)
        except (Invalid, Conflict) as error:
            db.session.rollback()
            found = error.fields or {"name": [error.code]}
            errors = {name: [sentence(code, code) for code in codes] for name, codes in found.items()}
    page = render_template(
        "meta_templates/own_form.html",
        own_id=row.id if version else None,
        values=values,
        errors=errors,
        version=version,
        types=DEVICE_TYPES,
        limits={"name": message_templates.LONGEST_NAME, "body": message_templates.LONGEST_BODY},
    )
    return Response(page, 422 if errors else 200)


@bp.post("/app/settings/message-templates/<int:own_id>/delete")
@requires("manager")
def remove_own(own_id: int):
    message_templates.delete(own_id)
    flash(_("The template is deleted."), "success")
    return redirect(url_for("meta_templates.own_index"), 303)
