"""Messenger, simulated: pages and their messages in Graph, signed webhooks, a customer's phone."""

from cloudchat.simulators.messenger.hooks import Hooks
from cloudchat.simulators.messenger.pages import PageEdges
from cloudchat.simulators.messenger.state import Pages
from cloudchat.simulators.phone.pages import Phone, blueprints
from cloudchat.simulators.provider import Provider, World


def create(world: World) -> Provider:
    """Wire the parts together and register the Graph edges."""
    meta = world.shared["meta"]
    state = Pages(world)
    hooks = Hooks(state, meta.webhooks)
    PageEdges(state, hooks).register(meta.graph)
    world.shared["messenger"] = state
    phone = Phone(
        name="messenger",
        title="Messenger",
        chats=state,
        write=hooks.write,
        echo=hooks.typed_at_page,
        viewed=hooks.viewed,
        options=lambda: state.behaviour,
        faults=meta.faults,
        person_id=lambda text: "".join(filter(str.isdigit, text))[:20],
        id_label="PSID (nomor pengguna Messenger)",
        id_example="24000000000000003",
        has_window=True,
        kinds=("image", "document", "audio", "video", "sticker", "location", "unsupported"),
    )
    return Provider(
        name="messenger",
        title="Messenger",
        summary="Tulis kepada halaman Facebook, ketuk balasan cepat.",
        links=(("/messenger", "Ponsel Messenger"),),
        blueprints=blueprints(phone),
        reset=state.reset,
        state=state,
    )
