"""The second factor of a login: codes of an authenticator app (RFC 6238), and recovery codes for when
the phone is gone.

A code is good once, within its half minute and one on either side. After ten wrong ones in a row nobody
may try for a quarter of an hour; sessions that are open go on.
"""

import secrets as randomness
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from cloudchat.errors import Conflict, Invalid, NotFound, TooMany, Unauthorized
from cloudchat.extensions import db, now
from cloudchat.models import RecoveryCode, SecondFactor, User, UserSession
from cloudchat.services import account_mails, audit, login_rules, secrets
from cloudchat.services.accounts.passwords import password_matches
from cloudchat.services.accounts.sessions import end_other_sessions
from cloudchat.services.accounts.users import get_user
from cloudchat.services.secrets import hashed
from cloudchat.tenancy import current_organization_id

ISSUER = "CloudChat"
STEP = 30  # seconds
DRIFT = (0, -1, 1)
TRIES = 10
PAUSE = timedelta(minutes=15)
CODES = 10
GROUPS, GROUP = 4, 4  # 16 signs of 31: 79 bits, so that a plain hash is enough
SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike
SETTINGS_PAGE = "/app/account/two-factor"


@dataclass(frozen=True)
class State:
    """What a user's own page says of the second factor."""

    confirmed_at: datetime | None
    codes_left: int

    @property
    def is_on(self) -> bool:
        return self.confirmed_at is not None


def state(user_id: int) -> State:
    confirmed_at = db.session.scalar(select(SecondFactor.confirmed_at).where(SecondFactor.user_id == user_id))
    left = select(func.count(RecoveryCode.id)).where(
        RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None)
    )
    return State(confirmed_at, db.session.scalar(left) if confirmed_at else 0)


def coverage() -> dict[str, tuple[int, int]]:
    """How many of each role have one, and how many people have the role."""
    having = SecondFactor.user_id == User.id, SecondFactor.confirmed_at.is_not(None)
    rows = db.session.execute(
        select(User.role, func.count(SecondFactor.id), func.count(User.id))
        .outerjoin(SecondFactor, and_(*having))
        .where(User.is_active)
        .group_by(User.role)
    )
    return {role: (count, people) for role, count, people in rows}


# --- setting up --------------------------------------------------------------------------------


def begin(user_id: int) -> None:
    """A fresh secret, which counts once a code has confirmed it. Raises Conflict where one counts."""
    sealed = secrets.encrypt({"totp": pyotp.random_base32()})
    fresh = {"secret": sealed, "created_at": now(), "last_step": 0, "failures": 0, "failed_at": None}
    statement = insert(SecondFactor).values(
        organization_id=current_organization_id(), user_id=user_id, **fresh
    )
    taken = db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["organization_id", "user_id"],
            set_=fresh,
            where=SecondFactor.confirmed_at.is_(None),
        ).returning(SecondFactor.id)
    ).first()
    if taken is None:
        raise Conflict(code="second_factor_on")
    db.session.commit()


def setup(user_id: int) -> tuple[str, str] | None:
    """(secret, address for the QR code) of a factor that waits to be confirmed."""
    row = db.session.scalar(
        select(SecondFactor).where(SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_(None))
    )
    if row is None:
        return None
    secret = _secret(row)
    email = get_user(user_id).email
    return secret, pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def confirm(user_id: int, code: str, session_id: int | None) -> list[str]:
    """Switch the factor on; answers the recovery codes, which are shown this once."""
    row = _locked(user_id)
    if row is None:
        raise NotFound("second factor")
    if row.confirmed_at is not None:
        raise Conflict(code="second_factor_on")
    step = _step_of(row, code)
    if step is None:
        raise Invalid("otp_wrong", fields={"otp": ["otp_wrong"]})
    row.confirmed_at, row.last_step = now(), step
    codes = _fresh_codes(user_id)
    _let_in(user_id, session_id)
    audit.record("second_factor.enabled", get_user(user_id))
    db.session.commit()
    return codes


def _let_in(user_id: int, session_id: int | None) -> None:
    """This session has shown the factor; others that only waited for it have to log in anew."""
    waiting = update(UserSession).where(UserSession.user_id == user_id, UserSession.must_enrol)
    db.session.execute(waiting.where(UserSession.id == session_id).values(must_enrol=False))
    db.session.execute(
        waiting.where(UserSession.id != session_id, UserSession.revoked_at.is_(None)).values(revoked_at=now())
    )


# --- at the login ------------------------------------------------------------------------------


def is_on(user_id: int) -> bool:
    return state(user_id).is_on


def check(user_id: int, code: str | None) -> str | None:
    """How the login was confirmed: "app", "recovery_code", or None for who has no second factor.

    Part of the caller's transaction, so that a code is used up exactly when the login happens. Raises
    Unauthorized (otp_required, otp_wrong), TooMany.
    """
    row = _locked(user_id)
    if row is None or row.confirmed_at is None:
        return None
    if not code or not code.strip():
        raise Unauthorized(code="otp_required")
    _refuse_guessing(row)
    step = _step_of(row, code)
    by = "app" if step is not None else "recovery_code" if _use_up(user_id, code) else None
    if by is None:
        row.failures, row.failed_at = row.failures + 1, now()
        db.session.commit()
        raise Unauthorized(code="otp_wrong")
    row.failures, row.last_step = 0, step or row.last_step
    return by


def _refuse_guessing(row: SecondFactor) -> None:
    if row.failures < TRIES or row.failed_at is None:
        return
    left = (row.failed_at + PAUSE - now()).total_seconds()
    if left > 0:
        raise TooMany(code="otp_paused", retry_after=left)


def _step_of(row: SecondFactor, code: str) -> int | None:
    """The half minute that a code belongs to, if it is right and none of that time was used."""
    given = "".join(code.split())
    if not given.isascii() or not given.isdigit() or len(given) != 6:
        return None
    totp, present = pyotp.TOTP(_secret(row)), int(time.time()) // STEP
    for drift in DRIFT:
        step = present + drift
        if step > row.last_step and pyotp.utils.strings_equal(totp.generate_otp(step), given):
            return step
    return None


def _use_up(user_id: int, code: str) -> bool:
    plain = "".join(char for char in code.casefold() if char.isalnum())
    if len(plain) != GROUPS * GROUP:
        return False
    used = db.session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.code_hash == hashed(plain),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now())
    )
    if used.rowcount:
        audit.record("second_factor.recovery_code_used", get_user(user_id))
    return bool(used.rowcount)


# --- changing it -------------------------------------------------------------------------------


def new_codes(user_id: int, code: str) -> list[str]:
    """Ten other recovery codes; the old ones are worth nothing. Needs a code of the app."""
    _confirm_by(user_id, code)
    codes = _fresh_codes(user_id)
    audit.record("second_factor.codes_renewed", get_user(user_id))
    db.session.commit()
    return codes


def disable(user_id: int, password: str, code: str) -> None:
    """Switch the own factor off, with password and code."""
    user = get_user(user_id)
    if login_rules.current().needs_second_factor(user.role):
        raise Conflict(code="second_factor_needed")
    if not password_matches(user.password_hash, password[:200]):
        raise Invalid("wrong_password", fields={"password": ["wrong_password"]})
    _confirm_by(user_id, code)
    _forget(user_id)
    audit.record("second_factor.disabled", user)
    account_mails.tell(user, "second_factor_off")
    db.session.commit()


def reset(user_id: int) -> None:
    """An admin's help for who has lost the phone and the codes: the factor is gone, and every session."""
    user = get_user(user_id)
    if not is_on(user_id):
        raise Conflict(code="second_factor_off")
    _forget(user_id)
    end_other_sessions(user_id, None)
    audit.record("second_factor.reset", user)
    account_mails.tell(user, "second_factor_reset", SETTINGS_PAGE)
    db.session.commit()


def _confirm_by(user_id: int, code: str) -> None:
    try:
        by = check(user_id, code)
    except Unauthorized:
        raise Invalid("otp_wrong", fields={"otp": ["otp_wrong"]}) from None
    if by is None:
        raise Conflict(code="second_factor_off")


def _forget(user_id: int) -> None:
    for table in (SecondFactor, RecoveryCode):
        db.session.execute(delete(table).where(table.user_id == user_id))


def _fresh_codes(user_id: int) -> list[str]:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    plain = ["".join(randomness.choice(SIGNS) for _ in range(GROUPS * GROUP)) for _ in range(CODES)]
    db.session.add_all(RecoveryCode(user_id=user_id, code_hash=hashed(one)) for one in plain)
    return ["-".join(one[at : at + GROUP] for at in range(0, len(one), GROUP)) for one in plain]


def _locked(user_id: int) -> SecondFactor | None:
    return db.session.scalar(
        select(SecondFactor)
        .where(SecondFactor.user_id == user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _secret(row: SecondFactor) -> str:
    return secrets.decrypt(row.secret)["totp"]
