"""Those who want no broadcasts: by a word that they write, or by somebody of the desk.

Words are compared as whole messages, without case, blanks and punctuation: "stop sending twice" is no
wish to hear nothing.
"""

import re
import unicodedata
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from cloudchat.channels.payload import clean_text
from cloudchat.errors import Invalid
from cloudchat.events import ContactChanged, publish
from cloudchat.extensions import db, now
from cloudchat.models import BroadcastOptOut, BroadcastSettings, Contact, Conversation
from cloudchat.services import audit, contacts, outbound
from cloudchat.tenancy import current_organization_id

WORDS = ("STOP", "BERHENTI", "UNSUBSCRIBE")
CONFIRMATION = (
    "Anda tidak akan menerima pesan siaran dari kami lagi. Anda tetap dapat menulis kepada kami kapan saja."
)
MAX_WORDS, LONGEST_WORD, LONGEST_CONFIRMATION = 20, 30, 500
_NOT_LETTERS = re.compile(r"[^\w\s]+")


def plain(text: str) -> str:
    """As words are compared."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_NOT_LETTERS.sub(" ", text).split())


def word_in(text: str | None, words: list[str] | None) -> str | None:
    """The opt-out word that this message is, if it is one; None for `words` means the defaults."""
    if not text or len(text) > LONGEST_WORD * 2:
        return None
    said = plain(text)
    return next((word for word in (WORDS if words is None else words) if plain(word) == said), None)


# --- settings ----------------------------------------------------------------------------------


def settings() -> tuple[list[str], str]:
    """(words, confirmation) of the organization."""
    row = db.session.scalar(select(BroadcastSettings))
    return (row.opt_out_words["items"], row.confirmation) if row else (list(WORDS), CONFIRMATION)


def change_settings(words: list[str], confirmation: str) -> None:
    """Raises Invalid. Without words nobody can opt out by writing, so one is needed."""
    chosen = list({plain(word): clean_text(word).strip() for word in words if plain(word)}.values())
    confirmation = clean_text(confirmation).strip()
    errors = {}
    if not chosen:
        errors["opt_out_words"] = ["required"]
    elif len(chosen) > MAX_WORDS or any(len(word) > LONGEST_WORD for word in chosen):
        errors["opt_out_words"] = ["too_long"]
    if not confirmation:
        errors["confirmation"] = ["required"]
    elif len(confirmation) > LONGEST_CONFIRMATION:
        errors["confirmation"] = ["too_long"]
    if errors:
        raise Invalid("broadcast_settings", fields=errors)
    row = db.session.scalar(select(BroadcastSettings)) or BroadcastSettings()
    row.opt_out_words, row.confirmation = {"items": chosen}, confirmation
    db.session.add(row)
    audit.record("broadcast.settings_changed", None, words=chosen)
    db.session.commit()


# --- who ---------------------------------------------------------------------------------------


def heard(conversation_id: int, word: str) -> None:
    """The customer of this locked conversation wants none: noted, and confirmed the first time.
    Part of the caller's transaction."""
    row = db.session.get(Conversation, conversation_id, populate_existing=True)
    contact = db.session.get(Contact, row.contact_id)
    if _note(contact, "word", word) and row.status != "resolved":
        outbound.add(row, "system", settings()[1])


def _note(contact: Contact, source: str, word: str | None = None, user_id: int | None = None) -> bool:
    """Whether it is news."""
    if of_contact(contact):
        return False
    values = {
        "organization_id": contact.organization_id,
        "key": contact.phone or f"contact:{contact.id}",
        "contact_id": contact.id,
        "source": source,
        "word": word,
        "created_by": user_id,
        "created_at": now(),
    }
    statement = insert(BroadcastOptOut).values(values).on_conflict_do_nothing()
    made = db.session.scalar(statement.returning(BroadcastOptOut.id))
    if made:
        publish(ContactChanged(contact.organization_id, contact.id))
    return made is not None


def of_contact(contact: Contact) -> BroadcastOptOut | None:
    """The contact's wish to get no broadcasts."""
    statement = select(BroadcastOptOut).where(_about(contact)).order_by(BroadcastOptOut.id).limit(1)
    return db.session.scalar(statement)


def _about(contact: Contact):
    return or_(BroadcastOptOut.contact_id == contact.id, BroadcastOptOut.key == (contact.phone or ""))


def set_for(contact_id: int, opted_out: bool, user_id: int | None) -> Contact:
    """Somebody of the desk notes or lifts it. Raises NotFound."""
    contact = contacts.get(contact_id)
    if opted_out:
        if _note(contact, "agent", user_id=user_id):
            audit.record("contact.opted_out", contact, name=contact.name)
    elif of_contact(contact):
        db.session.execute(
            delete(BroadcastOptOut).where(_about(contact)).execution_options(synchronize_session=False)
        )
        audit.record("contact.opted_in", contact, name=contact.name)
        publish(ContactChanged(current_organization_id(), contact.id))
    db.session.commit()
    return contact


def outward(row: BroadcastOptOut | None) -> dict[str, Any] | None:
    return {"source": row.source, "word": row.word, "at": row.created_at} if row else None
