"""Labels and canned replies: small lists that admins keep and agents use."""

import re

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from cloudchat.errors import Conflict, Invalid, NotFound
from cloudchat.events import ChoicesChanged, publish
from cloudchat.extensions import db
from cloudchat.models import CannedReply, Label
from cloudchat.services import audit, edits
from cloudchat.tenancy import current_organization_id

COLOR = re.compile(r"#[0-9a-fA-F]{6}")


def all_labels() -> list[Label]:
    return list(db.session.scalars(select(Label).order_by(func.lower(Label.name))))


def find(wanted: list[str | int]) -> list[Label]:
    """The labels of these names or ids. Raises Invalid naming those that do not exist."""
    ids = [item for item in wanted if isinstance(item, int)]
    names = [str(item).strip().lower() for item in wanted if not isinstance(item, int)]
    # The database lowers both sides: its idea of lower case may know fewer letters than Python's.
    in_database = [func.lower(str(item).strip()) for item in wanted if not isinstance(item, int)]
    found = list(
        db.session.scalars(select(Label).where(Label.id.in_(ids) | func.lower(Label.name).in_(in_database)))
    )
    known = {label.id for label in found} | {label.name.lower() for label in found}
    missing = [str(item) for item in (*ids, *names) if item not in known]
    if missing:
        raise Invalid("labels", fields={"labels": ["unknown_label"]}, extra={"unknown": missing})
    return found


def editable_label(label: Label) -> dict[str, str]:
    return {"name": label.name, "color": label.color}


def save_label(label: Label, name: str, color: str, expected: str | None = None) -> Label:
    """Create or change a label. Raises Invalid, Conflict."""
    if label.id is not None:
        edits.check(label, editable_label, {"name": name.strip(), "color": color.lower()}, expected)
    name = name.strip()
    if not name or len(name) > 60:
        raise Invalid("label", fields={"name": ["required"]})
    if not COLOR.fullmatch(color):
        raise Invalid("label", fields={"color": ["color_invalid"]})
    is_new = label.id is None
    label.name, label.color = name, color.lower()
    try:
        with db.session.begin_nested():
            db.session.add(label)
    except IntegrityError:
        raise Conflict("name_taken", code="name_taken", fields={"name": ["name_taken"]}) from None
    audit.record("label.created" if is_new else "label.changed", label, name=name, color=color)
    publish(ChoicesChanged(label.organization_id))
    db.session.commit()
    return label


def delete_label(label_id: int) -> None:
    label = db.session.get(Label, label_id)
    if label is None:
        raise NotFound("label")
    audit.record("label.deleted", label, name=label.name)
    publish(ChoicesChanged(label.organization_id))
    db.session.delete(label)
    db.session.commit()


def ensure(names: list[str]) -> list[Label]:
    """The labels of these names, made where they do not exist (CSV import)."""
    for name in dict.fromkeys(name.strip() for name in names if name.strip()):
        if not db.session.scalar(select(Label.id).where(func.lower(Label.name) == func.lower(name))):
            db.session.add(Label(name=name[:60]))
            db.session.flush()
            publish(ChoicesChanged(current_organization_id()))
    return find(list(dict.fromkeys(name.strip() for name in names if name.strip())))


def replace_links(link_model: type, owner_column: str, owner_id: int, wanted: list[Label]) -> None:
    """Make these exactly the labels of one conversation or contact; part of the caller's transaction."""
    owner = getattr(link_model, owner_column)
    for link in db.session.scalars(select(link_model).where(owner == owner_id)):
        if link.label_id not in {label.id for label in wanted}:
            db.session.delete(link)
    for label in wanted:
        db.session.execute(
            insert(link_model)
            .values(
                **{
                    owner_column: owner_id,
                    "label_id": label.id,
                    "organization_id": label.organization_id,
                }
            )
            .on_conflict_do_nothing()
        )


def canned_replies(start: str = "", limit: int = 20) -> list[CannedReply]:
    """Canned replies whose shortcut or text begins with what was typed after `/`."""
    start = start.strip().lower()
    statement = select(CannedReply).order_by(CannedReply.shortcut).limit(limit)
    if start:
        statement = statement.where(
            func.lower(CannedReply.shortcut).contains(start, autoescape=True)
            | func.lower(CannedReply.text).contains(start, autoescape=True)
        )
    return list(db.session.scalars(statement))


def editable_reply(reply: CannedReply) -> dict[str, str]:
    return {"shortcut": reply.shortcut, "text": reply.text}


def save_canned_reply(
    reply: CannedReply, shortcut: str, text: str, author_id: int | None, expected: str | None = None
) -> CannedReply:
    """Create or change a canned reply. Raises Invalid, Conflict."""
    shortcut = shortcut.strip().lstrip("/").lower()
    if reply.id is not None:
        edits.check(reply, editable_reply, {"shortcut": shortcut, "text": text.strip()}, expected)
    errors = {}
    if not re.fullmatch(r"[\w-]{1,40}", shortcut):
        errors["shortcut"] = ["shortcut_invalid"]
    if not text.strip() or len(text) > 4096:
        errors["text"] = ["required"]
    if errors:
        raise Invalid("canned_reply", fields=errors)
    is_new = reply.id is None
    reply.shortcut, reply.text = shortcut, text.strip()
    if is_new:
        reply.created_by = author_id
    try:
        with db.session.begin_nested():
            db.session.add(reply)
    except IntegrityError:
        raise Conflict("name_taken", code="name_taken", fields={"shortcut": ["name_taken"]}) from None
    audit.record("canned_reply.created" if is_new else "canned_reply.changed", reply)
    db.session.commit()
    return reply


def delete_canned_reply(reply_id: int) -> None:
    reply = db.session.get(CannedReply, reply_id)
    if reply is None:
        raise NotFound("canned reply")
    audit.record("canned_reply.deleted", reply, shortcut=reply.shortcut)
    db.session.delete(reply)
    db.session.commit()
