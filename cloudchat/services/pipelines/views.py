"""A board's filters that a user keeps under a name."""

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from cloudchat.errors import Conflict, Invalid, NotFound
from cloudchat.extensions import db
from cloudchat.models import PipelineView
from cloudchat.services.accounts import Identity
from cloudchat.services.pipelines import catalog

MOST_VIEWS = 30
LONGEST_VALUE = 200
FIELDS = ("q", "agent", "label", "channel", "since", "until", "min_value", "max_value", "stuck", "sort")


def of_user(identity: Identity, pipeline_id: int) -> list[PipelineView]:
    return list(
        db.session.scalars(
            select(PipelineView)
            .where(PipelineView.user_id == identity.user_id, PipelineView.pipeline_id == pipeline_id)
            .order_by(func.lower(PipelineView.name))
        )
    )


def keep(identity: Identity, pipeline_id: int, name: str, query: dict) -> PipelineView:
    """Keep a filter. Raises Invalid, Conflict where the name is taken."""
    pipeline = catalog.get(pipeline_id)
    name = name.strip()
    if not name or len(name) > 60:
        raise Invalid("view", fields={"name": ["required" if not name else "too_long"]})
    if identity.author_id is None:
        raise Conflict("acting_user", code="acting_user")
    if len(of_user(identity, pipeline.id)) >= MOST_VIEWS:
        raise Conflict("too_many_views", code="too_many_views")
    kept = {key: str(query[key])[:LONGEST_VALUE] for key in FIELDS if query.get(key) not in (None, "")}
    row = PipelineView(pipeline_id=pipeline.id, user_id=identity.user_id, name=name, query=kept)
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        raise Conflict("name_taken", code="name_taken", fields={"name": ["name_taken"]}) from None
    db.session.commit()
    return row


def forget(identity: Identity, view_id: int) -> None:
    row = db.session.get(PipelineView, view_id)
    if row is None or row.user_id != identity.user_id:
        raise NotFound("view")
    db.session.delete(row)
    db.session.commit()
