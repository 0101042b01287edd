"""The WhatsApp Cloud API, simulated: Graph edges, webhooks, a customer's phone, a control page."""

from cloudchat.simulators.provider import Provider, World
from cloudchat.simulators.whatsapp.accounts import Accounts
from cloudchat.simulators.whatsapp.control import Control
from cloudchat.simulators.whatsapp.hooks import Hooks
from cloudchat.simulators.whatsapp.inbound import Inbound
from cloudchat.simulators.whatsapp.media import Media
from cloudchat.simulators.whatsapp.pages import Pages
from cloudchat.simulators.whatsapp.sending import Sender
from cloudchat.simulators.whatsapp.state import State
from cloudchat.simulators.whatsapp.statuses import Statuses


def create(world: World) -> Provider:
    """Wire the parts together and register the Graph edges."""
    meta = world.shared["meta"]
    state = State(world)
    media, hooks = Media(state), Hooks(state, meta.webhooks)
    statuses, inbound = Statuses(state, hooks), Inbound(state, media, hooks)
    meta.graph.token_known = state.token_known
    Accounts(state, meta.webhooks).register(meta.graph)
    media.register(meta.graph)
    Sender(state, media, statuses).register(meta.graph)
    world.shared["whatsapp"] = state  # for other simulators of the same accounts (templates)

    def reset():
        state.reset()
        media.reset()

    return Provider(
        name="whatsapp",
        title="WhatsApp Cloud API",
        summary="Tulis sebagai pelanggan dari layar ponsel, lihat balasannya, atur gangguan.",
        links=(("/whatsapp", "Ponsel pelanggan"), ("/whatsapp/control", "Pengaturan & gangguan")),
        blueprints=[
            media.blueprint(),
            Control(state, media, inbound, statuses).blueprint(),
            Pages(state, media, statuses, meta).blueprint(),
        ],
        reset=reset,
        state=state,
    )
