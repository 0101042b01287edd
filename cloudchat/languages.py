"""Which language somebody is spoken to in."""

from flask import g, request, session

LOCALES = ("id", "en")


def locale() -> str:
    """The user's language; what a stranger chose, or the browser says; Indonesian else."""
    identity = g.get("identity") if g else None
    if identity is not None:
        return identity.locale if identity.locale in LOCALES else LOCALES[0]
    if not request:
        return LOCALES[0]
    chosen = session.get("locale")
    return chosen if chosen in LOCALES else request.accept_languages.best_match(LOCALES) or LOCALES[0]
