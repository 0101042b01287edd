"""Making and changing organizations: the operator's verbs."""

from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import select, text

from cloudchat.errors import Invalid, NotFound
from cloudchat.extensions import db
from cloudchat.models import Organization
from cloudchat.services import audit
from cloudchat.tenancy import acting_as


def create(name: str, timezone: str = "Asia/Jakarta", locale: str = "id") -> int:
    """A new organization; answers its id. The tenant is set to the new id before the row is written."""
    name = name.strip()
    if not name or len(name) > 255:
        raise Invalid("name", fields={"name": ["1 to 255 characters are needed"]})
    check_timezone(timezone)
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


def check_timezone(timezone: str) -> ZoneInfo:
    """The zone of an IANA name; refuses paths and unknown names."""
    if timezone not in available_timezones():
        raise Invalid("timezone", fields={"timezone": ["unknown time zone"]})
    return ZoneInfo(timezone)
