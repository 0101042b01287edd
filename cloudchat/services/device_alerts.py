"""Mail to the admins when a connection dies, where the installation can send any."""

from sqlalchemy import select

from cloudchat import config
from cloudchat.clients import mail
from cloudchat.errors import NotFound
from cloudchat.extensions import db
from cloudchat.models import User
from cloudchat.services import devices, mailing, organizations
from cloudchat.tenancy import current_organization_id

# Read in a mail program, where nobody has chosen a language: the organization's.
TEXTS = {
    "id": (
        "Koneksi “{name}” terputus",
        "Device “{name}” di {organization} tidak lagi terhubung, sehingga pesan tidak masuk atau tidak "
        "terkirim.\n\nBuka halaman device untuk melihat sebabnya dan menghubungkannya lagi:\n{link}\n",
    ),
    "en": (
        "The connection of “{name}” has died",
        "The device “{name}” of {organization} is no longer connected, so messages do not arrive or do not "
        "go out.\n\nOpen its page to see why and to connect it again:\n{link}\n",
    ),
}


def tell_admins(device_id: int) -> int:
    """Mail the organization's admins, if the device is still in trouble; answers how many."""
    settings = config.active()
    try:
        device = devices.get(device_id)
    except NotFound:
        return 0
    if not mail.can_send(settings) or device.status == "connected" or not device.is_active:
        return 0
    organization = organizations.get(current_organization_id())
    to = list(db.session.scalars(select(User.email).where(User.role == "admin", User.is_active)))
    subject, text = TEXTS.get(organization.locale, TEXTS["id"])
    values = {
        "{name}": device.name,
        "{organization}": organization.name,
        "{link}": f"{settings.public_url}/admin/devices/details/?id={device.id}",
    }
    db.session.commit()  # no connection is held while the mail server thinks
    mail.send(settings, to, mailing.filled(subject, values), mailing.filled(text, values))
    return len(to)
