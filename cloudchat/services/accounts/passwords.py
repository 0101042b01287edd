"""Passwords: how they are checked, and which ones are good enough."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cloudchat.errors import Invalid
from cloudchat.services import login_rules

MINIMUM_PASSWORD = 10
FEWEST_SIGNS = 5  # different ones
# Long enough, and among the first that guessers try
_COMMON = (
    "1234567890 0123456789 0987654321 12345678910 1234567891 qwertyuiop qwerty12345 qwerty123456 1q2w3e4r5t "
    "1qaz2wsx3edc password12 password123 password1234 passw0rd123 p@ssw0rd123 administrator admin12345 "
    "admin123456 welcome123 letmein123 iloveyou123 indonesia1 indonesia123 indonesia1945 indonesiaraya "
    "bismillah1 bismillah123 sayangkamu sayangku123 katasandi123 rahasia123 rahasia1234 jakarta123 "
    "bandung123 surabaya123 abcdefghij abcde12345 abcd123456 a123456789 cloudchat123 cloudchat1"
)
COMMON = frozenset(_COMMON.split())
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def check_new_password(password: str) -> None:
    """Refuse what is too short (here, or by the organization's own rule) or too long."""
    if len(password) < MINIMUM_PASSWORD:
        raise Invalid("password_short", fields={"password": ["password_short"]})
    if len(password) > 200:
        raise Invalid("password_long", fields={"password": ["password_long"]})
    minimum = login_rules.current().password_minimum
    if len(password) < minimum:
        fields = {"password": ["password_short_here"]}
        raise Invalid("password_short_here", fields=fields, extra={"minimum": minimum})


def check_chosen_password(password: str, email: str) -> None:
    """The same for one that a person chooses: not what everybody knows or guesses first."""
    check_new_password(password)
    plain = password.casefold()
    own = email.partition("@")[0].casefold()
    rest = plain.replace(own, "") if len(own) >= 4 else plain
    if len(set(plain)) < FEWEST_SIGNS or plain in COMMON or len(rest) < 4:
        raise Invalid("password_easy", fields={"password": ["password_easy"]})


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def password_matches(kept: str | None, given: str) -> bool:
    try:
        return _hasher.verify(kept or _nobodys(), given) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    """Checked when there is no such user, so that a wrong address takes as long as a wrong password."""
    return _hasher.hash("nobody has this password")
