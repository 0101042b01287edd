"""The templates of each WABA, and the reviewer who decides about them after a while."""

import itertools
import threading
import time
from dataclasses import dataclass, field

from cloudchat.simulators.message_templates import seeds
from cloudchat.simulators.meta.webhooks import Deliverer
from cloudchat.simulators.provider import World
from cloudchat.simulators.whatsapp.state import DEMO_WABA, State

STATUSES = (
    "APPROVED",
    "PENDING",
    "REJECTED",
    "PAUSED",
    "DISABLED",
    "IN_APPEAL",
    "PENDING_DELETION",
    "ARCHIVED",
)
QUALITIES = ("GREEN", "YELLOW", "RED", "UNKNOWN")
COOLDOWN = 30 * 24 * 3600  # a deleted approved template's name


@dataclass
class Behaviour:
    """Switches of the reviewer. verdict: by_name looks for `tolak` or `reject` in the name."""

    review_seconds: float = 8.0
    verdict: str = "by_name"  # by_name | approve | reject | never
    limit: int = 250
    page_size: int = 0  # a smaller page than is asked for; 0: as asked
    webhooks: bool = True

    def check(self) -> None:
        if self.verdict not in ("by_name", "approve", "reject", "never"):
            raise ValueError("verdict must be by_name, approve, reject or never")


@dataclass(eq=False)
class Template:
    """One name in one language of one WABA."""

    id: str
    waba_id: str
    name: str
    language: str
    category: str
    status: str
    components: list
    parameter_format: str = "POSITIONAL"
    quality: str = "UNKNOWN"
    rejected_reason: str = "NONE"
    at: float = field(default_factory=time.time)
    edits: int = 0

    def node(self) -> dict:
        """Every field that can be asked for."""
        return {
            "id": self.id,
            "name": self.name,
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "previous_category": self.category,
            "sub_category": "",
            "correct_category": self.category,
            "quality_score": {"score": self.quality, "date": int(self.at)},
            "rejected_reason": self.rejected_reason,
            "parameter_format": self.parameter_format,
            "components": self.components,
            "message_send_ttl_seconds": 0,
        }


class Store:
    """All of it, behind one lock."""

    def __init__(self, world: World, whatsapp: State, deliverer: Deliverer):
        self._world, self.whatsapp, self._deliverer = world, whatsapp, deliverer
        self.lock = threading.RLock()
        self._ids = itertools.count(1_689_556_908_129_835)
        self.reset()

    def reset(self) -> None:
        """The demo WABA with a few templates, and nothing else."""
        with self.lock:
            self.behaviour = Behaviour()
            self.templates: dict[str, Template] = {}
            self.cooling: dict[tuple[str, str], float] = {}
            for given in seeds.TEMPLATES:
                self.add(DEMO_WABA, **given)

    def add(self, waba_id: str, **given) -> Template:
        """Put one in as it is."""
        with self.lock:
            made = Template(id=str(next(self._ids)), waba_id=waba_id, **given)
            self.templates[made.id] = made
        self._world.changes.tell()
        return made

    def of(self, waba_id: str) -> list[Template]:
        """The newest first, as Meta lists them."""
        with self.lock:
            found = [one for one in self.templates.values() if one.waba_id == waba_id]
        return sorted(found, key=lambda one: (-one.at, one.id))

    def get(self, template_id: str) -> Template:
        if template_id not in self.templates:
            raise ValueError(f"no template {template_id}")
        return self.templates[template_id]

    def node_of(self, template_id: str) -> Template | None:
        return self.templates.get(template_id)

    def find(self, waba_id: str, name: str, language: str | None = None) -> Template | None:
        return next(
            (one for one in self.of(waba_id) if one.name == name and language in (None, one.language)), None
        )

    def remove(self, template: Template) -> None:
        with self.lock:
            self.templates.pop(template.id, None)
            if template.status == "APPROVED":
                self.cooling[template.waba_id, template.name] = time.time() + COOLDOWN
        self._world.changes.tell()

    def review(self, template: Template) -> None:
        """Decide later; a webhook says how."""
        how, edits = self.behaviour, template.edits
        if how.verdict == "never":
            return
        timer = threading.Timer(how.review_seconds, self._decide, (template, edits))
        timer.daemon = True
        timer.start()

    def _decide(self, template: Template, edits: int) -> None:
        if self._world.stopping.is_set() or self.templates.get(template.id) is not template:
            return
        if template.status != "PENDING" or template.edits != edits:
            return
        bad = any(word in template.name for word in ("tolak", "reject"))
        refuse = self.behaviour.verdict == "reject" or (self.behaviour.verdict == "by_name" and bad)
        if refuse:
            self.set_status(template, "REJECTED", "INVALID_FORMAT")
        else:
            self.set_status(template, "APPROVED")

    def set_status(self, template: Template, status: str, reason: str = "NONE") -> None:
        """Change it and tell by webhook."""
        if status not in STATUSES:
            raise ValueError(f"status must be one of {STATUSES}")
        template.status, template.rejected_reason = status, reason
        value: dict = {"event": status, "reason": reason, "message_template_category": template.category}
        if reason == "INVALID_FORMAT":
            value["rejection_info"] = {
                "reason": "Teks template tidak memenuhi kebijakan format.",
                "recommendation": "Perjelas isi dan contoh variabel, lalu kirim ulang.",
            }
        self._tell(template, "message_template_status_update", value)

    def set_quality(self, template: Template, quality: str) -> None:
        if quality not in QUALITIES:
            raise ValueError(f"quality must be one of {QUALITIES}")
        value = {"previous_quality_score": template.quality, "new_quality_score": quality}
        template.quality = quality
        self._tell(template, "message_template_quality_update", value)

    def set_category(self, template: Template, category: str) -> None:
        value = {"previous_category": template.category, "new_category": category}
        template.category = category
        self._tell(template, "template_category_update", value)

    def _tell(self, template: Template, name: str, value: dict) -> None:
        self._world.changes.tell()
        if not self.behaviour.webhooks or template.waba_id in self.whatsapp.unsubscribed:
            return
        about = {
            "message_template_id": int(template.id),
            "message_template_name": template.name,
            "message_template_language": template.language,
        }
        entry = {
            "id": template.waba_id,
            "time": int(time.time()),
            "changes": [{"field": name, "value": {**about, **value}}],
        }
        body = {"object": "whatsapp_business_account", "entry": [entry]}
        self._deliverer.post(body, lane=template.waba_id, kind=name)
