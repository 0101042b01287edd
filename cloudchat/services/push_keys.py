"""The key by which push services know this installation (VAPID): from the environment, or made once."""

import base64
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02
from sqlalchemy.dialects.postgresql import insert

from cloudchat import config
from cloudchat.extensions import db
from cloudchat.models import InstallationSecret
from cloudchat.services import secrets

NAME = "vapid"


def public_key() -> str:
    """What a browser needs to subscribe."""
    point = _vapid(*_source()).public_key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return _words(point)


def signed(audience: str, expires: int) -> dict[str, str]:
    """The header by which a push service (`audience`: its scheme and host) knows us."""
    settings = config.active()
    subject = settings.vapid_subject or settings.public_url
    if not subject.startswith(("mailto:", "https://")):
        subject = "mailto:admin@localhost.localdomain"  # development: the form has to be right
    return _vapid(*_source()).sign({"sub": subject, "aud": audience, "exp": expires})


@cache
def _vapid(key: str, _database: str) -> Vapid02:
    """The key from the environment, else the one that the database keeps."""
    return Vapid02.from_raw((key or _kept()).encode())


def _source() -> tuple[str, str]:
    settings = config.active()
    return settings.vapid_private_key, settings.database_url


def _kept() -> str:
    """The installation's key; of several that make one at once the first wins. Commits."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    made = secrets.encrypt({"key": _words(number.to_bytes(32, "big"))})
    db.session.execute(insert(InstallationSecret).values(name=NAME, sealed=made).on_conflict_do_nothing())
    sealed = db.session.get(InstallationSecret, NAME, populate_existing=True).sealed
    db.session.commit()
    return secrets.decrypt(sealed)["key"]


def _words(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
