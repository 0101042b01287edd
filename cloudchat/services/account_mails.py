"""The mails about accounts. Links are built on the installation's own address, never on what a caller
says it is. Read in a mail program: in the language of the person, else of the organization.
"""

from cloudchat import config
from cloudchat.models import Invitation, User
from cloudchat.services import mailing, organizations
from cloudchat.tenancy import current_organization_id

TEXTS = {
    "invitation": {
        "id": (
            "Undangan ke {organization} di CloudChat",
            "Halo {name},\n\nAnda diundang untuk bergabung dengan {organization} di CloudChat. Buka tautan "
            "ini dan pilih kata sandi Anda:\n{link}\n\nTautan berlaku 7 hari dan hanya dapat dipakai satu "
            "kali. Jika Anda tidak mengenal {organization}, abaikan email ini.\n",
        ),
        "en": (
            "Invitation to {organization} on CloudChat",
            "Hello {name},\n\nYou are invited to join {organization} on CloudChat. Open this link and choose "
            "your password:\n{link}\n\nThe link is good for 7 days, once. If you do not know {organization}, "
            "ignore this mail.\n",
        ),
    },
    "password_reset": {
        "id": (
            "Kata sandi baru untuk CloudChat",
            "Halo {name},\n\nSeseorang meminta kata sandi baru untuk akun Anda di CloudChat. Jika itu Anda, "
            "buka tautan ini:\n{link}\n\nTautan berlaku 1 jam dan hanya dapat dipakai satu kali. Jika bukan "
            "Anda, abaikan email ini: kata sandi Anda tidak berubah.\n",
        ),
        "en": (
            "A new password for CloudChat",
            "Hello {name},\n\nSomebody asked for a new password for your CloudChat account. If it was you, "
            "open this link:\n{link}\n\nThe link is good for 1 hour, once. If it was not you, ignore this "
            "mail: your password stays as it is.\n",
        ),
    },
    "password_changed": {
        "id": (
            "Kata sandi CloudChat Anda sudah diganti",
            "Halo {name},\n\nKata sandi akun CloudChat Anda baru saja diganti melalui tautan dari email, dan "
            "semua browser dikeluarkan.\n\nJika bukan Anda, segera hubungi admin organisasi Anda.\n",
        ),
        "en": (
            "Your CloudChat password was changed",
            "Hello {name},\n\nThe password of your CloudChat account was just changed by a link from a mail, "
            "and all browsers were logged out.\n\nIf it was not you, tell an admin of your organization at "
            "once.\n",
        ),
    },
    "second_factor_reset": {
        "id": (
            "Verifikasi dua langkah Anda direset",
            "Halo {name},\n\nSeorang admin mereset verifikasi dua langkah akun CloudChat Anda, dan semua "
            "browser dikeluarkan. Masuk dengan kata sandi Anda, lalu aktifkan lagi di sini:\n{link}\n\nJika "
            "Anda tidak memintanya, segera hubungi admin organisasi Anda.\n",
        ),
        "en": (
            "Your two-factor login was reset",
            "Hello {name},\n\nAn admin has reset the two-factor login of your CloudChat account, and all "
            "browsers were logged out. Log in with your password, then set it up again here:\n{link}\n\nIf "
            "you did not ask for it, tell an admin of your organization at once.\n",
        ),
    },
    "second_factor_off": {
        "id": (
            "Verifikasi dua langkah dinonaktifkan",
            "Halo {name},\n\nVerifikasi dua langkah akun CloudChat Anda dinonaktifkan dengan kata sandi dan "
            "kode Anda.\n\nJika bukan Anda, ganti kata sandi Anda dan hubungi admin organisasi Anda.\n",
        ),
        "en": (
            "Two-factor login is off",
            "Hello {name},\n\nThe two-factor login of your CloudChat account was switched off with your "
            "password and a code.\n\nIf it was not you, change your password and tell an admin of your "
            "organization.\n",
        ),
    },
}


def link_to(path: str) -> str:
    return config.active().public_url + path


def tell(user: User, kind: str, path: str = "") -> bool:
    """Mail a user, as part of the present transaction; False where no mail can be sent."""
    return _queue(kind, user.email, user.name, user.locale, path)


def invite(invitation: Invitation, token: str) -> bool:
    return _queue("invitation", invitation.email, invitation.name, None, f"/invitation/{token}")


def _queue(kind: str, recipient: str, name: str, locale: str | None, path: str) -> bool:
    organization = organizations.get(current_organization_id())
    texts = TEXTS[kind]
    subject, text = texts.get(locale or organization.locale, texts["id"])
    values = {"{name}": name, "{organization}": organization.name, "{link}": link_to(path)}
    return mailing.queue(kind, recipient, mailing.filled(subject, values), mailing.filled(text, values))
