"""The organization's account with a language model: its settings, its key's state, calls of the day."""

from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.dialects.postgresql import insert

from cloudchat import events
from cloudchat.clients import guarded
from cloudchat.errors import Invalid
from cloudchat.extensions import db, now
from cloudchat.models import AssistantSettings, AssistantUsage, Organization, User
from cloudchat.models.assistant import ADDRESS, DAILY_LIMIT, MODEL
from cloudchat.services import audit, secrets
from cloudchat.services.assistant import breaker
from cloudchat.tenancy import current_organization_id

LONGEST_KEY = 500
LONGEST_ADDRESS, LONGEST_MODEL = 500, 100
FIELDS = ("address", "model", "chooses", "drafts", "daily_limit")
DEAD = ("refused", "unknown_model")  # asking again gives the same answer, until something is changed


def get() -> AssistantSettings:
    """The settings as they are now; unsaved defaults where there are none yet."""
    found = db.session.scalar(select(AssistantSettings).execution_options(populate_existing=True))
    if found is not None:
        return found
    return AssistantSettings(
        address=ADDRESS,
        model=MODEL,
        api_key="",
        key_hint="",
        chooses=False,
        drafts=False,
        daily_limit=DAILY_LIMIT,
        status="unverified",
    )


def key_of(settings: AssistantSettings) -> str:
    """The key itself, for the client alone."""
    return secrets.decrypt(settings.api_key).get("key", "")


def save(values: dict[str, Any]) -> AssistantSettings:
    """Change the named fields; "api_key" replaces the key, "" takes it away. Another address needs the key
    again: it is not to be had by naming an address of one's own. Raises Invalid."""
    given = {name: _plain(value) for name, value in values.items() if value is not None}
    errors = _errors(given)
    if errors:
        raise Invalid("assistant", fields=errors)
    db.session.execute(
        insert(AssistantSettings)
        .values(organization_id=current_organization_id())
        .on_conflict_do_nothing(index_elements=["organization_id"])
    )
    row = db.session.scalar(
        select(AssistantSettings).with_for_update().execution_options(populate_existing=True)
    )
    before = {name: getattr(row, name) for name in FIELDS}
    if given.get("address", row.address) != row.address and row.api_key and "api_key" not in given:
        db.session.rollback()
        raise Invalid("assistant", fields={"api_key": ["assistant_key_again"]})
    for name in FIELDS:
        setattr(row, name, given.get(name, before[name]))
    if "api_key" in given:
        _set_key(row, given["api_key"])
    changed = [name for name in FIELDS if getattr(row, name) != before[name]]
    if {"address", "model"} & set(changed) or "api_key" in given:
        row.status, row.checked_at = "unverified", None
    if not row.api_key and (row.chooses or row.drafts):
        if "api_key" not in given:
            db.session.rollback()
            raise Invalid("assistant", fields={"api_key": ["assistant_key_first"]})
        row.chooses = row.drafts = False
    fields = sorted(changed + ["api_key"] * ("api_key" in given))
    if fields:
        audit.record("assistant.changed", row, fields=fields)
    db.session.commit()
    breaker.reset()
    return row


def _plain(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _set_key(row: AssistantSettings, key: str) -> None:
    row.api_key = secrets.encrypt({"key": key}) if key else ""
    row.key_hint = key[-4:] if len(key) >= 12 else ""


def _errors(given: dict[str, Any]) -> dict[str, list[str]]:
    errors = {}
    key, model = given.get("api_key", ""), given.get("model", MODEL)
    if len(key) > LONGEST_KEY or not _is_one_word(key):
        errors["api_key"] = ["assistant_key_invalid"]
    if not 0 < len(model) <= LONGEST_MODEL or not _is_one_word(model):
        errors["model"] = ["assistant_model_invalid"]
    if not 1 <= given.get("daily_limit", 1) <= 1_000_000:
        errors["daily_limit"] = ["ongkir_limit_invalid"]
    if "address" in given:
        try:
            check_address(given["address"])
        except Invalid as error:
            errors |= error.fields
    return errors


def _is_one_word(text: str) -> bool:
    return text.isascii() and all(char.isprintable() and not char.isspace() for char in text)


def check_address(address: str) -> None:
    """Is it one that we may call, over TLS, since the key goes along? Raises Invalid."""
    try:
        guarded.check_url(address)
        is_fit = address.startswith("https://") or guarded.is_allowed(address)
    except (guarded.Refused, ValueError):
        is_fit = False
    if not is_fit or len(address) > LONGEST_ADDRESS or "?" in address or "#" in address:
        raise Invalid("assistant", fields={"address": ["assistant_address_invalid"]})


# --- may it be asked? ----------------------------------------------------------------------------


def is_ready(settings: AssistantSettings, purpose: str) -> bool:
    """Is the model to be asked for this ("chooses", "drafts"), as far as the settings know?"""
    return bool(getattr(settings, purpose) and settings.api_key and settings.status not in DEAD)


def today() -> Any:
    zone = db.session.scalar(
        select(Organization.timezone).where(Organization.id == current_organization_id())
    )
    return now().astimezone(ZoneInfo(zone or "Asia/Jakarta")).date()


def calls_today() -> int:
    found = select(AssistantUsage.calls).where(AssistantUsage.day == today())
    return db.session.scalar(found) or 0


def take_call(settings: AssistantSettings) -> bool:
    """Count one call more; False where the day has no more. However many ask at once, the limit holds."""
    taken = (
        insert(AssistantUsage)
        .values(organization_id=current_organization_id(), day=today(), calls=1)
        .on_conflict_do_update(
            index_elements=["organization_id", "day"],
            set_={"calls": AssistantUsage.calls + 1},
            where=AssistantUsage.calls < settings.daily_limit,
        )
        .returning(AssistantUsage.calls)
    )
    return db.session.execute(taken).first() is not None


# --- what the provider said ----------------------------------------------------------------------


class Asked(NamedTuple):
    """What a call was made with."""

    api_key: str  # sealed
    address: str
    model: str

    @classmethod
    def of(cls, settings: AssistantSettings) -> "Asked":
        return cls(settings.api_key, settings.address, settings.model)

    def still_holds(self) -> ColumnElement[bool]:
        return and_(*(getattr(AssistantSettings, name) == value for name, value in self._asdict().items()))


def note(asked: Asked, outcome: str, is_news: bool = True) -> None:
    """Keep what an answer says about the settings that it was asked with; commits. Settings that were changed
    meanwhile are not touched. Admins are told once that it is refused, unless one of them is just looking."""
    news = update(AssistantSettings).where(asked.still_holds(), AssistantSettings.status != outcome)
    changed = bool(db.session.execute(news.values(status=outcome, checked_at=now())).rowcount)
    if changed and is_news and outcome in DEAD:
        _tell_admins(outcome)
    db.session.commit()


def checked(asked: Asked) -> None:
    """Somebody has had them checked just now; commits."""
    db.session.execute(update(AssistantSettings).where(asked.still_holds()).values(checked_at=now()))
    db.session.commit()


def _tell_admins(outcome: str) -> None:
    admins = db.session.scalars(select(User.id).where(User.role == "admin", User.is_active))
    events.publish(
        events.NotificationWanted(
            current_organization_id(),
            "assistant_refused",
            tuple(admins),
            f"assistant:{outcome}",
            data={"url": "/app/settings/assistant"},
        )
    )
