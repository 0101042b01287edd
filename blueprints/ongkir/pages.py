"""Pages: the settings of the account, and looking a cost up by hand."""

from flask import render_template
from flask_babel import gettext as _

from blueprints.ongkir import bp
from cloudchat.clients.rajaongkir import COURIERS
from cloudchat.services.ongkir import accounts, quotes
from cloudchat.web import requires


@bp.get("/app/settings/ongkir")
@requires("admin")
def settings():
    row = accounts.get()
    return render_template(
        "ongkir/settings.html",
        row=row,
        origin=quotes.own_origin(row),
        usage=accounts.usage(row),
        couriers=list(COURIERS.items()),
        types=[
            ("starter", "Starter"),
            ("basic", _("Basic (no longer sold)")),
            ("pro", "Pro"),
            ("enterprise", "Enterprise"),
        ],
    )


@bp.get("/app/ongkir")
@requires("agent")
def checker():
    return render_template(
        "ongkir/checker.html", has_key=bool(accounts.get().rajaongkir_api_key), insert=False
    )
