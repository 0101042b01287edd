"""How the pipeline's pages say things: money, spans of time, who moved what, what rules did."""

from flask_babel import format_decimal, get_locale, ngettext
from flask_babel import gettext as _

from blueprints.pipeline import bp

SIGNS = {"IDR": "Rp", "USD": "US$", "SGD": "S$", "MYR": "RM", "EUR": "€", "AUD": "A$", "JPY": "¥", "THB": "฿"}


@bp.app_template_filter()
def money(value, currency: str = "IDR") -> str:
    """Rp12.500"""
    if value is None:
        return "–"
    amount = float(value)
    whole = amount == int(amount) or abs(amount) >= 1000
    pattern = "#,##0" if whole else "#,##0.00"
    return SIGNS.get(currency, currency + " ") + format_decimal(amount, format=pattern)


@bp.app_template_filter()
def span(seconds) -> str:
    """How long: 5 minutes, 3 hours, 2 days."""
    if seconds is None:
        return "–"
    if seconds < 3600:
        minutes = int(seconds // 60)
        return ngettext("%(num)d minute", "%(num)d minutes", minutes)
    if seconds < 48 * 3600:
        return ngettext("%(num)d hour", "%(num)d hours", int(seconds // 3600))
    days = seconds / 86400
    if days >= 10 or round(days, 1) == round(days):
        return ngettext("%(num)d day", "%(num)d days", round(days))
    text = f"{days:.1f}"
    return _("%(count)s days", count=text.replace(".", ",") if str(get_locale()) == "id" else text)


@bp.app_template_filter()
def percent(rate) -> str:
    """66,7%, or a dash where there is nothing to divide by."""
    return "–" if rate is None else format_decimal(rate * 100, format="#,##0.#") + "%"


@bp.app_template_filter()
def kind_name(kind: str) -> str:
    return {"open": _("Open"), "won": _("Won"), "lost": _("Lost")}[kind]


@bp.app_template_filter()
def mover(move: dict) -> str:
    """Who moved the card."""
    if move["actor_type"] == "automation":
        return _("Automation")
    return move["changed_by"]["name"] if move["changed_by"] else _("The system")


@bp.app_template_filter()
def action_word(action: str) -> str:
    return {
        "assign_agent": _("Assign to an agent"),
        "assign_division": _("Assign to a division"),
        "add_label": _("Add a label"),
        "remove_label": _("Remove a label"),
        "send_message": _("Send a message"),
        "note": _("Write a note"),
        "notify": _("Notify an agent"),
        "set_value": _("Set the deal value"),
        "move": _("Move to a stage"),
        "resolve": _("Resolve the conversation"),
        "webhook": _("Call a webhook"),
    }[action]


@bp.app_template_filter()
def run_word(run: dict) -> str:
    """How far a rule got with a card."""
    return {
        "pending": _("planned"),
        "running": _("running"),
        "done": _("done"),
        "failed": _("failed"),
        "skipped": _("skipped"),
        "stopped": _("stopped"),
        "cancelled": _("cancelled"),
    }[run["state"]]


@bp.app_template_filter()
def run_reason(reason: str | None) -> str:
    """Why a rule did not do its work."""
    from cloudchat.messages import sentence

    known = {
        "left_stage": _("The card had left the stage."),
        "undone": _("The move was taken back."),
        "rule_changed": _("The rule was changed or switched off."),
        "chain_limit": _("Too many automatic moves in a row: a loop was stopped."),
        "channel": _("Another channel than the rule's."),
        "label": _("The label is missing."),
        "without_label": _("The label is there."),
        "assignee": _("The assignment is another one."),
        "min_value": _("The deal is worth less."),
        "hours": _("Outside the rule's hours."),
        "bad_status": _("The receiver answered with an error."),
        "rule_off": _("The rule is switched off."),
    }
    return known.get(reason or "", sentence(reason, reason) if reason else "")


@bp.app_template_global()
def ladder_name(ladder, locale: str) -> str:
    return ladder.name(locale)


def icon_names() -> list[tuple[str, str]]:
    """The icons that pipelines and stages may wear, and what each is called."""
    names = {
        "layout-kanban": _("Board"),
        "inbox": _("Tray"),
        "target": _("Target"),
        "circle-check": _("Check"),
        "circle-dot": _("Dot"),
        "file-text": _("Document"),
        "heart-handshake": _("Handshake"),
        "trophy": _("Trophy"),
        "circle-x": _("Cross"),
        "headset": _("Headset"),
        "tool": _("Tool"),
        "hourglass": _("Hourglass"),
        "package": _("Parcel"),
        "clipboard-list": _("Checklist"),
        "credit-card": _("Card"),
        "truck-delivery": _("Truck"),
        "phone": _("Phone"),
        "calendar-event": _("Calendar"),
        "star": _("Star"),
        "flag": _("Flag"),
        "coin": _("Coin"),
        "users": _("People"),
        "rocket": _("Rocket"),
    }
    return list(names.items())
