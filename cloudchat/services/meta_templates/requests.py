"""Who wants a WABA's templates fetched: a person, the clock, or news of one that we do not know.

The wish is a row; the job only looks. Several wishes are one.
"""

from datetime import timedelta

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from cloudchat.events import TemplateSyncChanged, TemplateSyncDue, publish
from cloudchat.extensions import db, now
from cloudchat.models import Device, MetaTemplate, MetaTemplateSync, Organization
from cloudchat.models.templates import OPEN_STATUSES
from cloudchat.tenancy import current_organization_id

EVERY = timedelta(hours=1)
POLL_FRESH = timedelta(minutes=2)  # while something young waits for Meta's word …
POLL_OLD = timedelta(minutes=15)  # … and while something waits for longer
FRESH = timedelta(minutes=30)
STALLED_AFTER = timedelta(minutes=2)  # without a sign of life its worker has died


def ask(waba_id: str) -> None:
    """Have the templates of a WABA fetched; part of the caller's transaction."""
    fresh = {"state": "queued", "updated_at": now()}
    unfinished = (MetaTemplateSync.state == "running") & (MetaTemplateSync.updated_at > now() - STALLED_AFTER)
    db.session.execute(
        insert(MetaTemplateSync)
        .values(
            organization_id=current_organization_id(),
            waba_id=waba_id,
            created_at=now(),
            done=0,
            added=0,
            changed=0,
            vanished=0,
            **fresh,
        )
        .on_conflict_do_update(index_elements=["organization_id", "waba_id"], set_=fresh, where=~unfinished)
    )
    publish(TemplateSyncDue(current_organization_id(), waba_id))
    publish(TemplateSyncChanged(current_organization_id(), waba_id))


def ask_due() -> None:
    """Ask for those WABAs of the present organization whose time has come; commits."""
    own = _wabas.c.organization_id == current_organization_id()
    for waba_id in list(db.session.scalars(select(_wabas.c.waba_id).where(own, *_due()).distinct())):
        ask(waba_id)
    db.session.commit()


_waba = Device.config["waba_id"].astext
_wabas = (
    select(Device.organization_id, _waba.label("waba_id"))
    .where(
        Device.type == "wa_official",
        Device.deleted_at.is_(None),
        Device.is_active,
        Device.status == "connected",
        func.coalesce(_waba, "") != "",
    )
    .subquery()
)


def _due() -> tuple:
    """No fetching that is young enough, nor one that is asked for or under way."""

    def since(moment) -> object:
        return exists().where(
            MetaTemplateSync.organization_id == _wabas.c.organization_id,
            MetaTemplateSync.waba_id == _wabas.c.waba_id,
            or_(
                MetaTemplateSync.finished_at > moment,
                MetaTemplateSync.state.in_(("queued", "running"))
                & (MetaTemplateSync.updated_at > now() - STALLED_AFTER),
            ),
        )

    def waits(*more) -> object:
        return exists().where(
            MetaTemplate.organization_id == _wabas.c.organization_id,
            MetaTemplate.waba_id == _wabas.c.waba_id,
            MetaTemplate.status.in_(OPEN_STATUSES),
            MetaTemplate.deleted_at.is_(None),
            *more,
        )

    young = waits(MetaTemplate.created_at > now() - FRESH)
    return (
        or_(
            ~since(now() - EVERY),
            waits() & ~since(now() - POLL_OLD),
            young & ~since(now() - POLL_FRESH),
        ),
    )


def organizations_due() -> list[int]:
    """Organizations with a WABA whose time has come; read across all of them."""
    statement = (
        select(_wabas.c.organization_id)
        .join(Organization, Organization.id == _wabas.c.organization_id)
        .where(Organization.is_active, *_due())
        .distinct()
    )
    return list(db.session.scalars(statement))


def unfinished() -> list[tuple[int, str]]:
    """(organization, WABA) asked for and lost with a queue, or left by a worker that died."""
    statement = select(MetaTemplateSync.organization_id, MetaTemplateSync.waba_id).where(
        MetaTemplateSync.state.in_(("queued", "running")),
        or_(
            (MetaTemplateSync.state == "queued")
            & (MetaTemplateSync.updated_at < now() - timedelta(seconds=15)),
            MetaTemplateSync.updated_at < now() - STALLED_AFTER,
        ),
    )
    return [(row.organization_id, row.waba_id) for row in db.session.execute(statement)]


def touch(waba_id: str, **values) -> None:
    """Note how far the fetching is; part of the caller's transaction."""
    db.session.execute(
        update(MetaTemplateSync)
        .where(MetaTemplateSync.waba_id == waba_id)
        .values(updated_at=now(), **values)
        .execution_options(synchronize_session=False)
    )
    publish(TemplateSyncChanged(current_organization_id(), waba_id))
