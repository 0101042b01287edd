"""A number whose owner has proved it, held by a registration that never was anybody's.

A number is taken only after Meta has shown it to the token that came along, so this is about one taken
while Meta did not answer. It is given up when all of this holds: Meta has said no to its token since, it
was never confirmed in a WABA, and no message ever came or went by it. Whoever takes it over has just had
Meta list the number in a WABA that their token reads. A number that worked once is never moved: its
owner removes the device, or the operator does.
"""

import structlog
from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import Device
from cloudchat.services import audit, devices
from cloudchat.tenancy import acting_as, all_organizations

log = structlog.get_logger(__name__)


def _dead(phone_number_id: str) -> tuple:
    return (
        Device.type == "wa_official",
        Device.external_account == phone_number_id,
        Device.deleted_at.is_(None),
        Device.status == "needs_reauth",
        Device.verified_waba.is_(None),
        Device.last_in_at.is_(None),
        Device.last_out_at.is_(None),
    )


def free(phone_number_id: str) -> None:
    """Have the number given up where it is held like that; commits. Nothing may be unsaved."""
    with all_organizations("a number that its owner has proved may be held by a dead registration"):
        held = db.session.execute(select(Device.organization_id, Device.id).where(*_dead(phone_number_id)))
        found = [tuple(row) for row in held]
    for organization_id, device_id in found:
        with acting_as(organization_id):
            _give_up(device_id, phone_number_id)


def _give_up(device_id: int, phone_number_id: str) -> None:
    """Unless it has come to life meanwhile."""
    still = select(Device.id).where(Device.id == device_id, *_dead(phone_number_id)).with_for_update()
    if db.session.scalar(still) is None:
        db.session.rollback()
        return
    log.info("number_given_up", device_id=device_id)
    person = audit.current_actor()
    audit.set_actor(audit.SYSTEM)  # who took it over is nobody's business there
    try:
        devices.remove(device_id)
    finally:
        audit.set_actor(person)
