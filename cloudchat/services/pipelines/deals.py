"""What a card's deal may be: its value, and why it was lost."""

from decimal import Decimal

from cloudchat.errors import Invalid

MAX_VALUE = Decimal("9999999999999")
MAX_REASON = 500


def checked_value(value) -> Decimal | None:
    if value is None:
        return None
    value = Decimal(str(value))
    if not value.is_finite() or not 0 <= value <= MAX_VALUE:
        raise Invalid("deal_value", fields={"deal_value": ["deal_value_invalid"]})
    return value.quantize(Decimal("0.01"))


def checked_reason(text: str | None) -> str | None:
    text = (text or "").strip()
    if len(text) > MAX_REASON:
        raise Invalid("lost_reason", fields={"lost_reason": ["too_long"]})
    return text or None
