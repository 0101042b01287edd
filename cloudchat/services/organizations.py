"""Making and changing organizations: the operator's verbs."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import select, text, update

from cloudchat.errors import Invalid, NotFound
from cloudchat.extensions import db, now
from cloudchat.models import Organization, UserSession
from cloudchat.services import audit
from cloudchat.tenancy import acting_as

LOCALES = ("id", "en")


def create(name: str, timezone: str = "Asia/Jakarta", locale: str = "id") -> int:
    """A new organization; answers its id. The tenant is set to the new id before the row is written."""
    name = _checked_name(name)
    check_timezone(timezone)
    check_locale(locale)
    organization_id = db.session.execute(
        text("select nextval(pg_get_serial_sequence('organizations', 'id'))")
    ).scalar_one()
    db.session.rollback()
    with acting_as(organization_id):
        organization = Organization(id=organization_id, name=name, timezone=timezone, locale=locale)
        db.session.add(organization)
        db.session.flush()
        audit.record("organization.created", organization, name=name)
        db.session.commit()
    return organization_id


def get(organization_id: int) -> Organization:
    found = db.session.scalar(select(Organization).where(Organization.id == organization_id))
    if found is None:
        raise NotFound("organization")
    return found


def is_active(organization_id: int) -> bool:
    """Whether it is switched on. Ends the transaction, so that work after it begins a fresh one."""
    found = db.session.scalar(select(Organization.is_active).where(Organization.id == organization_id))
    db.session.rollback()
    return bool(found)


def change(organization_id: int, values: dict) -> Organization:
    """Change name, time zone and language. Expects to run inside that organization."""
    organization = get(organization_id)
    fresh = {
        "name": _checked_name(values.get("name", organization.name)),
        "timezone": values.get("timezone", organization.timezone),
        "locale": values.get("locale", organization.locale),
    }
    check_timezone(fresh["timezone"])
    check_locale(fresh["locale"])
    before = {name: getattr(organization, name) for name in fresh}
    changed = [name for name in fresh if fresh[name] != before[name]]
    if changed:
        for name in changed:
            setattr(organization, name, fresh[name])
        audit.record(
            "organization.changed",
            organization,
            before={name: before[name] for name in changed},
            after={name: fresh[name] for name in changed},
        )
    db.session.commit()
    return organization


def set_active(organization_id: int, active: bool) -> None:
    """Shut an organization out (its sessions end, tokens and logins are refused), or let it in again.

    Expects to run inside that organization.
    """
    organization = get(organization_id)
    if organization.is_active == active:
        return
    organization.is_active = active
    if not active:
        db.session.execute(
            update(UserSession).where(UserSession.revoked_at.is_(None)).values(revoked_at=now())
        )
    action = "organization.reactivated" if active else "organization.deactivated"
    audit.record(action, organization, name=organization.name)
    db.session.commit()


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 255:
        raise Invalid("name", fields={"name": ["required"]})
    return name


@cache
def timezones() -> frozenset[str]:
    """The zones that this machine knows; reading them goes through some 600 files."""
    return frozenset(available_timezones())


def check_timezone(timezone: str) -> ZoneInfo:
    """The zone of an IANA name; refuses paths and unknown names."""
    if timezone not in timezones():
        raise Invalid("timezone", fields={"timezone": ["timezone_unknown"]})
    return ZoneInfo(timezone)


def check_locale(locale: str) -> None:
    if locale not in LOCALES:
        raise Invalid("locale", fields={"locale": ["unknown"]})
