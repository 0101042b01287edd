"""Who wants no broadcasts, and the words that say so."""

from spectree import Response as Answers

from blueprints.broadcast import bp
from blueprints.broadcast.schemas import OptOutBody, SettingsBody
from cloudchat.services import contacts
from cloudchat.services.broadcasts import opting_out
from cloudchat.services.presenting import iso
from cloudchat.web import api, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_422")


@bp.get("/api/app/broadcasts/settings")
@requires("manager")
@api.validate(resp=OK, tags=["broadcasts"])
def show_settings():
    words, confirmation = opting_out.settings()
    return {"opt_out_words": words, "confirmation": confirmation}


@bp.put("/api/app/broadcasts/settings")
@requires("manager")
@api.validate(json=SettingsBody, resp=OK, tags=["broadcasts"])
def change_settings(json: SettingsBody):
    opting_out.change_settings(json.opt_out_words, json.confirmation)
    return show_settings()


@bp.get("/api/app/broadcasts/opt-outs/<int:contact_id>")
@requires("agent")
@api.validate(resp=OK, tags=["broadcasts"])
def show_opt_out(contact_id: int):
    return _outward(contact_id)


@bp.put("/api/app/broadcasts/opt-outs/<int:contact_id>")
@requires("agent")
@api.validate(json=OptOutBody, resp=OK, tags=["broadcasts"])
def set_opt_out(contact_id: int, json: OptOutBody):
    """Note for a contact that they want no broadcasts, or that they do again."""
    opting_out.set_for(contact_id, json.opted_out, me().author_id)
    return _outward(contact_id)


def _outward(contact_id: int) -> dict:
    row = opting_out.of_contact(contacts.get(contact_id))
    return {
        "opted_out": row is not None,
        "source": row.source if row else None,
        "word": row.word if row else None,
        "at": iso(row.created_at) if row else None,
    }
