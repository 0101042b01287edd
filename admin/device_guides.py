"""Connecting a device, step by step: what is needed, and where at the provider it is found."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True)
class Guide:
    """What an admin has at hand before, and does; `doc` is the page of docs/providers."""

    doc: str
    needs: tuple[Any, ...] = ()
    steps: tuple[Any, ...] = ()
    warning: Any = ""


GUIDES = {
    "wa_official": Guide(
        "whatsapp",
        (
            _l("A business account at Meta with WhatsApp switched on"),
            _l("A phone number that no WhatsApp app uses"),
        ),
        (
            _l("In Meta's app dashboard open WhatsApp, API setup, and copy the two numbers there."),
            _l("In the business settings make a system user and a token for it that does not expire."),
            _l("Enter all three here. We ask Meta about the number before anything is kept."),
        ),
    ),
    "wa_device": Guide(
        "wa-device",
        (
            _l("A gateway with WAHA's interface that this installation reaches"),
            _l("The phone whose WhatsApp is to be linked"),
        ),
        (
            _l("Choose a name for the session and enter the gateway's API key."),
            _l(
                "After connecting, a code appears. On the phone open WhatsApp, Linked devices, Link a device."
            ),
            _l("Scan the code. The page says when the phone is linked."),
        ),
        _l(
            "Meta does not allow unofficial tools and may ban the number. Write only to people who wrote "
            "to you, and slowly; for anything larger use the official WhatsApp."
        ),
    ),
    "telegram": Guide(
        "telegram",
        (_l("A Telegram account"),),
        (
            _l("In Telegram open a chat with @BotFather and send /newbot."),
            _l("Choose a name and a user name; BotFather answers with a token."),
            _l("Enter the token here. We check it and tell Telegram where to send messages."),
        ),
    ),
    "messenger": Guide(
        "messenger",
        (
            _l("A Facebook page on which you have full access"),
            _l("Best: the page is in your Business Manager"),
        ),
        (
            _l("Choose Connect with Facebook and log in."),
            _l("Accept all permissions and tick the pages."),
            _l("Choose here which of them to connect."),
        ),
    ),
    "webchat": Guide(
        "webchat",
        (_l("Nothing: the chat page is ours"),),
        (
            _l("Give it a name and, if you like, a colour and a welcome."),
            _l("Share the address of the page, or put the widget on your website."),
        ),
    ),
}
