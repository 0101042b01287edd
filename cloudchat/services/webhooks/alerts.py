"""Mail to the admins when a webhook is switched off, where the installation can send any."""

from sqlalchemy import select

from cloudchat import config
from cloudchat.clients import mail
from cloudchat.extensions import db
from cloudchat.models import User, Webhook
from cloudchat.services import organizations
from cloudchat.services.device_alerts import filled
from cloudchat.tenancy import current_organization_id

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


def tell_admins(webhook_id: int) -> int:
    """Mail the organization's admins, if the webhook is still off; answers how many."""
    settings = config.active()
    row = db.session.get(Webhook, webhook_id)
    if not mail.can_send(settings) or row is None or row.is_active:
        return 0
    organization = organizations.get(current_organization_id())
    to = list(db.session.scalars(select(User.email).where(User.role == "admin", User.is_active)))
    subject, text = TEXTS.get(organization.locale, TEXTS["id"])
    values = {
        "{name}": row.description or row.url,
        "{organization}": organization.name,
        "{link}": f"{settings.public_url}/app/settings/webhooks/{row.id}",
    }
    db.session.commit()  # no connection is held while the mail server thinks
    mail.send(settings, to, filled(subject, values), filled(text, values))
    return len(to)
