"""The Telegram Bot API, simulated: methods below /telegram/bot<token>/, updates, a customer's phone."""

from cloudchat.simulators.meta.faults import Faults
from cloudchat.simulators.phone.pages import Phone, blueprints
from cloudchat.simulators.provider import Provider, World
from cloudchat.simulators.telegram.api import CODES, Api, BotError
from cloudchat.simulators.telegram.state import Bots
from cloudchat.simulators.telegram.updates import Updates


def create(world: World) -> Provider:
    """Wire the parts together. Updates are delivered by the queue that Meta's simulator has."""
    bots = Bots(world)
    faults = Faults(world, CODES, lambda rule: BotError(rule.code, rule.message, retry_after=rule.seconds))
    updates = Updates(bots, world.shared["meta"].webhooks)
    phone = Phone(
        name="telegram",
        title="Telegram",
        chats=bots,
        write=updates.write,
        options=lambda: bots.behaviour,
        faults=faults,
        person_id=lambda text: "".join(filter(str.isdigit, text))[:15],
        id_label="Nomor pengguna Telegram",
        id_example="5000000003",
        kinds=("image", "document", "audio", "video", "sticker", "location", "contact", "unsupported"),
    )

    def reset():
        bots.reset()
        faults.clear()

    return Provider(
        name="telegram",
        title="Telegram Bot API",
        summary="Tulis kepada bot, ketuk tombolnya, ubah pesan.",
        links=(("/telegram", "Ponsel Telegram"),),
        blueprints=[Api(bots, updates, faults).blueprint(), *blueprints(phone)],
        reset=reset,
        state=bots,
    )
