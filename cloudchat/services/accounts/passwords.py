"""Passwords and how they are checked."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cloudchat.errors import Invalid

MINIMUM_PASSWORD = 10
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# Checked when there is no such user, so that a wrong address takes as long as a wrong password.
_NOBODY = _hasher.hash("nobody has this password")


def check_new_password(password: str) -> None:
    if len(password) < MINIMUM_PASSWORD:
        raise Invalid("password_short", fields={"password": ["password_short"]})
    if len(password) > 200:
        raise Invalid("password_long", fields={"password": ["password_long"]})


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def password_matches(kept: str | None, given: str) -> bool:
    try:
        return _hasher.verify(kept or _NOBODY, given) and kept is not None
    except (VerificationError, InvalidHashError):
        return False
