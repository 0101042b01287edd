"""What a bot says, in the best form that a channel has: its own texts, and a few short phrases of ours."""

from collections.abc import Sequence
from dataclasses import dataclass

from cloudchat.channels import get as channel_for
from cloudchat.channels.text import cut, length
from cloudchat.models import Conversation
from cloudchat.services import activity, outbound

CHOICE = "bot:"  # begins the id of each of our buttons
QA, AGENT, RATE = f"{CHOICE}qa:", f"{CHOICE}agent", f"{CHOICE}rate:"
SHIPPING = f"{CHOICE}ongkir:"

PHRASES = {
    "id": {
        "suggest": "Maksud Kakak yang mana?",
        "agent": "Bicara dengan agen",
        "choose": "Pilih",
        "hello": "Halo Kak, ada yang bisa kami bantu?",
        "welcome": "Sama-sama, Kak.",
        "rate": "Apakah jawabannya membantu? Beri nilai 1 (tidak) sampai 5 (sangat).",
        "rated": "Terima kasih atas penilaiannya, Kak.",
    },
    "en": {
        "suggest": "Which of these do you mean?",
        "agent": "Talk to an agent",
        "choose": "Choose",
        "hello": "Hello, how can we help you?",
        "welcome": "You are welcome.",
        "rate": "Did the answer help? Rate it from 1 (no) to 5 (very much).",
        "rated": "Thank you for rating us.",
    },
}


@dataclass(frozen=True)
class Choice:
    """Something to tap; its text is whole in the message, the button may shorten it."""

    id: str
    text: str


def phrase(name: str, locale: str) -> str:
    return PHRASES.get(locale, PHRASES["id"])[name]


def can_speak(row: Conversation) -> bool:
    """Does anything that is said now reach the customer?"""
    device = row.device
    return device.is_active and not device.deleted_at and activity.window_is_open(row, device.type)


def say(row: Conversation, text: str) -> None:
    """Add a text to the locked conversation; part of the caller's transaction."""
    outbound.add(row, "bot", cut(text, channel_for(row.device.type).capabilities.text_length))


def offer(row: Conversation, text: str, choices: Sequence[Choice], list_button: str) -> str:
    """Add a text with numbered choices, as buttons or a list where the channel has room for all;
    answers the text. A number typed in reply means the same as a tap."""
    can = channel_for(row.device.type).capabilities
    lines = [f"{number}. {_one_line(choice.text)}" for number, choice in enumerate(choices, 1)]
    whole = "\n".join((text, "", *lines))
    payload: dict = {}
    kind = "text"
    if length(whole) <= can.menu_text_length and len(choices) <= max(can.buttons, can.list_rows):
        is_list = len(choices) > can.buttons
        limit = can.list_title if is_list else can.button_title
        payload["buttons"] = [_button(number, choice, limit) for number, choice in enumerate(choices, 1)]
        kind = "list" if is_list else "buttons"
        if is_list:
            payload["list_button"] = list_button
    whole = cut(whole, can.text_length)
    outbound.add(row, "bot", whole, kind=kind, payload=payload)
    return whole


def scale(
    row: Conversation,
    text: str,
    list_button: str,
    *,
    prefix: str = RATE,
    sender: str = "bot",
    in_figures: str = "",
) -> dict:
    """Ask for a number from 1 to 5; answers the message. `prefix` begins the buttons' ids; `in_figures`
    follows the text where the channel has no buttons."""
    can = channel_for(row.device.type).capabilities
    buttons = [{"id": f"{prefix}{number}", "title": str(number)} for number in range(1, 6)]
    if can.buttons >= len(buttons):
        return outbound.add(row, sender, text, kind="buttons", payload={"buttons": buttons})
    if can.list_rows >= len(buttons):
        payload = {"buttons": buttons, "list_button": list_button}
        return outbound.add(row, sender, text, kind="list", payload=payload)
    return outbound.add(row, sender, f"{text}\n\n{in_figures}" if in_figures else text)


def _button(number: int, choice: Choice, limit: int) -> dict:
    """The number first: it makes every title one of a kind, and is never what gets cut."""
    head = f"{number}. "
    return {"id": choice.id, "title": head + cut(_one_line(choice.text), limit - length(head))}


def _one_line(text: str) -> str:
    return " ".join(text.split())
