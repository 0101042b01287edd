"""Pages of broadcasts: the list, making one, watching one, its recipients."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from blueprints.broadcast import bp, forms
from blueprints.broadcast.routes import cut_to_page
from blueprints.broadcast.schemas import ListQuery, RecipientQuery
from blueprints.broadcast.wording import RECIPIENT_STATUSES, STATUSES
from cloudchat.errors import Invalid
from cloudchat.extensions import db
from cloudchat.messages import sentence
from cloudchat.models import Broadcast
from cloudchat.services import contacts, devices, labels
from cloudchat.services.broadcasts import catalog, drafts, opting_out, trial
from cloudchat.services.broadcasts.audience import BY_NUMBER
from cloudchat.services.broadcasts.rules import LIMIT
from cloudchat.services.claims import rate_of
from cloudchat.web import decode_cursor, me, requires

PAGE = 50
SAMPLE = "nama,telepon,kota\nBudi,0812-3456-7890,Bandung\nSiti,+62 813 1234 5678,Surabaya\n"


@bp.get("/app/broadcasts")
@requires("manager")
def index():
    status = request.args.get("status", "")
    query = ListQuery(
        status=status if status in STATUSES else "", cursor=request.args.get("cursor"), limit=PAGE
    )
    rows = catalog.page(query.status, decode_cursor(query.cursor, int), query.limit)
    rows, next_cursor = cut_to_page(rows, query.limit)
    return render_template(
        "broadcast/_rows.html" if query.cursor else "broadcast/index.html",
        rows=rows,
        counts=catalog.counts_of([row.id for row in rows]),
        next_cursor=next_cursor,
        status=query.status,
        statuses=[(key, str(words[0])) for key, words in STATUSES.items()],
    )


@bp.get("/app/broadcasts/new")
@requires("manager")
def new():
    copied = request.args.get("copy", "")
    source = catalog.get(int(copied)) if copied.isdigit() and len(copied) < 10 else None
    return _form(source, forms.to_copy(source) if source else {}, still_there=False)


@bp.get("/app/broadcasts/<int:broadcast_id>/edit")
@requires("manager")
def edit(broadcast_id: int):
    row = catalog.get(broadcast_id)
    if row.status not in ("draft", "scheduled"):
        flash(_("Only a broadcast that does not run yet can be changed."), "warning")
        return redirect(url_for("broadcast.show", broadcast_id=row.id), 303)
    return _form(row, forms.to_change(row), still_there=True)


def _form(source: Broadcast | None, given: dict, *, still_there: bool) -> str:
    """The form, filled in from a broadcast; where that is `still_there`, to change it."""
    usable = [row for row in devices.all_devices() if row.type != "webchat" and row.is_active]
    known = labels.all_labels()
    filters = forms.filters_for(source, known)
    return render_template(
        "broadcast/new.html",
        devices=usable,
        rates={row.id: rate_of(row) for row in usable},
        labels=known,
        # A copy is a new broadcast: it can go to filters that there are
        filters=[one for one in filters if still_there or not one["gone"]],
        kept=forms.words_of(given.get("kept", {})),
        limit=LIMIT,
        total_contacts=contacts.count(contacts.Filter()),
        count_cap=contacts.COUNT_CAP,
        given=given,
    )


@bp.get("/app/broadcasts/sample.csv")
@requires("manager")
def sample_file():
    answer = Response("\ufeff" + SAMPLE, mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=_("recipients") + ".csv")
    return answer


@bp.get("/app/broadcasts/<int:broadcast_id>")
@requires("manager")
def show(broadcast_id: int):
    query = _recipient_query()
    return render_template(
        "broadcast/show.html",
        **_live(broadcast_id),
        **_recipients(broadcast_id, query),
        author=catalog.author_name(catalog.get(broadcast_id)),
        statuses=[(key, str(words[0])) for key, words in RECIPIENT_STATUSES.items()],
    )


@bp.get("/app/broadcasts/<int:broadcast_id>/live")
@requires("manager")
def live(broadcast_id: int):
    """What changes while it runs."""
    return render_template("broadcast/_live.html", **_live(broadcast_id))


def _live(broadcast_id: int) -> dict:
    row = catalog.get(broadcast_id)
    counts = catalog.counts_of([row.id])[row.id]
    speed = catalog.speed_of(row)
    preview: list = []
    obstacle = trial.sentence_of(row) if row.status in ("draft", "scheduled", "paused") else None
    if row.status in ("draft", "scheduled") and not obstacle:
        preview = trial.preview(row.id)
    return {
        "row": row,
        "counts": counts,
        "speed": speed,
        "seconds_left": catalog.seconds_left(row, counts, speed),
        "rate": rate_of(row.device),
        "preview": preview,
        "obstacle": sentence(obstacle, obstacle) if obstacle else None,
        "by_number": row.device.type in BY_NUMBER,
    }


@bp.get("/app/broadcasts/<int:broadcast_id>/recipients")
@requires("manager")
def recipient_rows(broadcast_id: int):
    row = catalog.get(broadcast_id)
    return render_template(
        "broadcast/_recipients.html", row=row, **_recipients(broadcast_id, _recipient_query())
    )


def _recipient_query() -> RecipientQuery:
    status = request.args.get("status", "")
    return RecipientQuery(
        status=status if status in RECIPIENT_STATUSES else "",
        q=request.args.get("q", "")[:100],
        cursor=request.args.get("cursor"),
        limit=PAGE,
    )


def _recipients(broadcast_id: int, query: RecipientQuery) -> dict:
    after = decode_cursor(query.cursor, int)
    found, next_cursor = cut_to_page(
        catalog.recipients(broadcast_id, query.chosen(), after, query.limit), query.limit
    )
    return {"recipients": found, "next_cursor": next_cursor, "query": query}


@bp.post("/app/broadcasts/<int:broadcast_id>/remove")
@requires("manager")
def remove(broadcast_id: int):
    drafts.delete(broadcast_id)
    flash(_("The broadcast is deleted."), "success")
    return redirect(url_for("broadcast.index"), 303)


# --- who wants none ----------------------------------------------------------------------------


@bp.route("/app/broadcasts/opt-out-words", methods=["GET", "POST"])
@requires("manager")
def words():
    chosen, confirmation = opting_out.settings()
    values, errors = {"opt_out_words": "\n".join(chosen), "confirmation": confirmation}, {}
    if request.method == "POST":
        values = {name: request.form.get(name, "") for name in values}
        try:
            opting_out.change_settings(values["opt_out_words"].splitlines(), values["confirmation"])
            flash(_("Saved."), "success")
            return redirect(url_for("broadcast.index"), 303)
        except Invalid as error:
            db.session.rollback()
            errors = {name: [sentence(code, code) for code in codes] for name, codes in error.fields.items()}
    page = render_template("broadcast/words.html", values=values, errors=errors)
    return Response(page, 422 if errors else 200)


@bp.route("/app/broadcasts/contacts/<int:contact_id>", methods=["GET", "POST"])
@requires("agent")
def contact_card(contact_id: int):
    """The part of a contact's page that says whether they get broadcasts."""
    contact = contacts.get(contact_id)
    if request.method == "POST":
        contact = opting_out.set_for(contact_id, request.form.get("opted_out") == "1", me().author_id)
    return render_template("broadcast/_contact.html", contact=contact, opt_out=opting_out.of_contact(contact))
