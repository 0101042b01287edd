"""Meta's message templates, simulated: Graph edges with paging, a reviewer, refusals, webhooks."""

from cloudchat.simulators.message_templates.control import Control
from cloudchat.simulators.message_templates.edges import Edges
from cloudchat.simulators.message_templates.samples import Samples
from cloudchat.simulators.message_templates.sending import Checker
from cloudchat.simulators.message_templates.store import Store
from cloudchat.simulators.provider import Provider, World


def create(world: World) -> Provider:
    """Wire the parts; must stand after WhatsApp, whose accounts own the templates."""
    meta, whatsapp = world.shared["meta"], world.shared["whatsapp"]
    store = Store(world, whatsapp, meta.webhooks)
    samples = Samples(whatsapp, meta.webhooks)
    samples.register(meta.graph)
    Edges(store, samples).register(meta.graph)
    whatsapp.template_check = Checker(store)
    return Provider(
        name="message_templates",
        title="Template WhatsApp",
        summary="Lihat template di akun WhatsApp, setujui, tolak atau jeda.",
        links=(("/message-templates", "Daftar template"),),
        blueprints=[Control(store).blueprint(), samples.blueprint()],
        reset=store.reset,
        state=store,
    )
