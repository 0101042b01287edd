"""The kinds of things that people are told of, each with its words and what it does by default.

A further kind is a line in KINDS; whatever tells it calls `notifications.record` with its name.
Sentences are marked with `N_` for the catalogue and translated for the reader by `say`, since a push
is written by a job that has no request.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel.support import NullTranslations, Translations

CATALOGUES = Path(__file__).resolve().parents[2] / "translations"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
CHANNELS = ("in_app", "sound", "desktop", "push")


def N_(text: str) -> str:
    """Marks a text for the catalogue."""
    return text


@dataclass(frozen=True)
class Kind:
    """`title` says it once, `several` when it happened more often before it was read.

    own: about the user's own conversations, which may ring in quiet hours. toast: also shown within
    the page. role: only people of this role are ever told, so only they choose. Without an address of
    its own a notification opens its conversation.
    """

    label: str
    help: str
    title: str
    several: str = ""
    own: bool = False
    toast: bool = False
    role: str = ""
    defaults: tuple[str, ...] = CHANNELS


KINDS: dict[str, Kind] = {
    "conversation_new": Kind(
        N_("New in my queue or division"),
        N_("A customer writes and nobody has the conversation yet."),
        N_("{contact} waits for an answer"),
        N_("{count} conversations came in, the last from {contact}"),
        defaults=("in_app", "sound", "desktop"),
    ),
    "assigned": Kind(
        N_("Assigned to me"),
        N_("A colleague, the queue or an automation gives you a conversation."),
        N_("{contact} was assigned to you"),
        N_("{count} conversations were assigned to you, the last from {contact}"),
        own=True,
        toast=True,
    ),
    "message": Kind(
        N_("Message in a conversation of mine"),
        N_("A customer whom you look after writes."),
        N_("{contact} writes"),
        N_("{count} messages from {contact}"),
        own=True,
    ),
    "message_unassigned": Kind(
        N_("Further message in an unassigned one"),
        N_("A customer writes once more while nobody has the conversation."),
        N_("{contact} still waits for an answer"),
        N_("{count} more messages, the last from {contact}"),
        defaults=("sound",),
    ),
    "mention": Kind(
        N_("Mention in a note"),
        N_("A colleague writes @ and your name in a private note."),
        N_("{actor} mentioned you in a note on {contact}"),
        N_("{count} mentions of you in notes on {contact}"),
        toast=True,
    ),
    "broadcast_finished": Kind(
        N_("Broadcast finished"),
        N_("A broadcast has gone out to everybody, or has stopped."),
        N_("The broadcast “{name}” is finished"),
        defaults=("in_app", "desktop"),
    ),
    "broadcast_paused": Kind(
        N_("Broadcast paused"),
        N_("A broadcast has stopped by itself, because its device or its template is in trouble."),
        N_("The broadcast “{name}” has paused by itself"),
        toast=True,
        defaults=("in_app", "desktop"),
    ),
    "device_lost": Kind(
        N_("Device lost"),
        N_("A device cannot send any more until an admin connects it again."),
        N_("{name} has lost its connection"),
        toast=True,
        role="admin",
    ),
    "webhook_off": Kind(
        N_("Webhook switched off"),
        N_("An address of your own program takes no events any more."),
        N_("The webhook {name} was switched off"),
        toast=True,
        role="admin",
    ),
    "organization_ending": Kind(
        N_("Organization to be deleted"),
        N_("Somebody asked for the deletion of the whole organization; it can be undone for seven days."),
        N_("{name} is to be deleted in seven days"),
        toast=True,
        role="admin",
    ),
    "ongkir_quota": Kind(
        N_("Quota of shipping costs used up"),
        N_("RajaOngkir answers no more today. Customers are told that an agent will help."),
        N_("The daily quota of RajaOngkir is used up"),
        toast=True,
        defaults=("in_app", "desktop"),
    ),
    "ongkir_invalid": Kind(
        N_("Key of shipping costs refused"),
        N_("RajaOngkir does not know the key any more."),
        N_("RajaOngkir refuses your key"),
        toast=True,
        defaults=("in_app", "desktop"),
    ),
    "assistant_refused": Kind(
        N_("Language model refuses"),
        N_("The language model refuses the key or does not know the model. The bot goes on without it."),
        N_("The language model refuses your key or model"),
        toast=True,
        defaults=("in_app", "desktop"),
    ),
    "automation": Kind(
        N_("From an automation"),
        N_("A stage's automation has something to say to you."),
        N_("{text}"),
        toast=True,
        defaults=("in_app", "sound", "desktop"),
    ),
}

# What stands for a contact without a name, a message without words, somebody who is gone
FALLBACKS = {
    "contact": N_("A customer"),
    "actor": N_("The system"),
    "name": N_("Without a name"),
    "text": N_("Notification"),
}


ONLY_KIND = re.compile(r"\[\w+\]")  # what stands in the list for a message without words


@cache
def _catalogue(locale: str) -> NullTranslations:
    return Translations.load(CATALOGUES, [locale])


def say(text: str, locale: str) -> str:
    """The text in this language; English itself needs no catalogue."""
    return text if locale == "en" or not text else _catalogue(locale).gettext(text)


def title(kind: str, count: int, values: dict[str, Any], locale: str) -> str:
    """The sentence of a notification, with its names filled in."""
    known = KINDS[kind]
    text = say(known.several if count > 1 and known.several else known.title, locale)
    filled = {name: values.get(name) or say(empty, locale) for name, empty in FALLBACKS.items()}
    filled["count"] = count
    # One pass: a name that looks like a placeholder stays what it is
    return PLACEHOLDER.sub(lambda found: str(filled.get(found[1], found[0]))[:120], text)


def excerpt(text: str, locale: str, longest: int = 140) -> str:
    """The beginning of a message, or a word for one that has none."""
    if ONLY_KIND.fullmatch(text):
        return say(N_("An attachment"), locale)
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
