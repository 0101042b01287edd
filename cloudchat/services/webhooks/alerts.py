"""Mail to the admins when a webhook is switched off, where the installation can send any."""

from sqlalchemy import select

from cloudchat import config
from cloudchat.extensions import db
from cloudchat.models import User, Webhook
from cloudchat.services import mailing, organizations

# Read in a mail program, where nobody has chosen a language: the organization's.
TEXTS = {
    "id": (
        "Webhook {name} dimatikan",
        "Webhook {name} di {organization} dimatikan karena alamatnya tidak lagi menerima event.\n\n"
        "Periksa penyebabnya di riwayat pengiriman, lalu aktifkan kembali:\n{link}\n",
    ),
    "en": (
        "The webhook {name} was switched off",
        "The webhook {name} of {organization} was switched off, because its address takes no events any "
        "more.\n\nIts log says why; mend the address and switch it on again:\n{link}\n",
    ),
}


def tell_admins(row: Webhook) -> None:
    """Mail the organization's admins; part of the caller's transaction."""
    organization = organizations.get(row.organization_id)
    subject, text = TEXTS.get(organization.locale, TEXTS["id"])
    values = {
        "{name}": row.description or row.url,
        "{organization}": organization.name,
        "{link}": f"{config.active().public_url}/app/settings/webhooks/{row.id}",
    }
    for address in db.session.scalars(select(User.email).where(User.role == "admin", User.is_active)):
        mailing.queue("webhook_off", address, mailing.filled(subject, values), mailing.filled(text, values))
