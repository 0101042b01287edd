"""Encryption at rest, random tokens and their hashes."""

import hashlib
import json
import secrets

from cryptography.fernet import Fernet, MultiFernet

from cloudchat import config


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in config.active().encryption_keys])


def encrypt(values: dict[str, str]) -> str:
    """Seal named secrets with the newest key."""
    return _fernet().encrypt(json.dumps(values).encode()).decode()


def decrypt(sealed: str | None) -> dict[str, str]:
    """Open what `encrypt` sealed, with whichever of the keys fits."""
    if not sealed:
        return {}
    return json.loads(_fernet().decrypt(sealed.encode()))


def random_token(size: int = 32) -> str:
    return secrets.token_urlsafe(size)


def hashed(token: str) -> str:
    """The form in which a random token is kept. Random tokens need no salt or slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
