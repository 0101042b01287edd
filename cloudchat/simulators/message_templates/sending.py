"""What Meta says to a message by template: is it there, approved, and filled in right?"""

from cloudchat.simulators.message_templates.rules import VARIABLE
from cloudchat.simulators.message_templates.store import Store, Template
from cloudchat.simulators.meta.errors import GraphError
from cloudchat.simulators.whatsapp.state import Account

REFUSED = {"PAUSED": 132015, "DISABLED": 132016}


class Checker:
    """Called for each message by template. A WABA that has no templates at all takes any name."""

    def __init__(self, store: Store):
        self._store = store

    def __call__(self, account: Account, content: dict) -> None:
        known = self._store.of(account.waba_id)
        if not known:
            return
        name, language = content["name"], content["language"]["code"]
        found = self._store.find(account.waba_id, name, language)
        if found is None or found.status not in ("APPROVED", *REFUSED):
            raise GraphError(132001, f"template name ({name}) does not exist in {language}")
        if found.status in REFUSED:
            raise GraphError(REFUSED[found.status])
        self._count(found, content.get("components") or [])

    @staticmethod
    def _count(template: Template, given: list) -> None:
        sent = {
            str(part.get("type")).lower(): len(part.get("parameters") or [])
            for part in given
            if isinstance(part, dict)
        }
        for part in template.components:
            kind = str(part.get("type")).lower()
            if kind not in ("body", "header"):
                continue
            media = kind == "header" and str(part.get("format")).upper() != "TEXT"
            wanted = 1 if media else len(set(VARIABLE.findall(str(part.get("text", "")))))
            if sent.get(kind, 0) != wanted:
                told = f"{kind}: number of localizable_params ({sent.get(kind, 0)}) does not match the "
                raise GraphError(132000, f"{told}expected number of params ({wanted})")
