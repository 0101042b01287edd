"""Three organizations under load, and a fourth that nobody may touch."""

from dataclasses import dataclass, replace

from tests.bench.stack import call, wait_until
from tests.chaos.world import World

PACE = 8.0  # messages a second of the shop that writes to many: slow enough that a fault falls into it
AGENTS = 20
DIVISIONS = ("Penjualan", "Layanan")
CAPACITY = 5


@dataclass(frozen=True)
class Shop:
    """An organization with one number in the fake Meta, people who write to it, and its agents."""

    name: str
    id: int
    device_id: int
    account: str
    mark: str  # stands in every message of its customers
    people: tuple[str, ...]
    conversations: tuple[int, ...]  # of those people
    agents: tuple  # factories.Person
    manager: object
    admin: object
    has_queue: bool = False


@dataclass(frozen=True)
class Shops:
    """`sender` writes to many at once, `queue` lets customers choose a division, `plain` is neither.
    `bystander` must look the same after every fault."""

    sender: Shop
    queue: Shop
    plain: Shop
    bystander: Shop

    @property
    def loaded(self) -> tuple[Shop, Shop, Shop]:
        return self.sender, self.queue, self.plain


def make(world: World) -> Shops:
    """Make everything by the product's own services; the simulators must run."""
    from tests import factories

    many = max(20, round(200 * world.load))
    with world.app.app_context():
        shops = Shops(
            _shop(world, factories, "Toko Siaran", many, config={"messages_per_second": PACE}),
            _queue(_shop(world, factories, "Toko Antre", 20)),
            _shop(world, factories, "Toko Biasa", 20),
            _bystander(factories),
        )
    world.control("whatsapp/settings", {"window": "off"}, "PATCH")
    world.shops = shops
    return shops


def _shop(world: World, factories, name: str, people: int, config: dict | None = None) -> Shop:
    organization = factories.organization(name)
    account, token = f"7{factories.number():013d}", f"token-{factories.number()}"
    fields = {"phone_number_id": account, "access_token": token, "pair_burst": 1000.0}
    world.control("whatsapp/accounts", fields)
    device = factories.device(
        organization,
        external_account=account,
        secrets={"access_token": token},
        config={"phone_number_id": account, "waba_id": f"8{account}", **(config or {})},
    )
    phones = [f"62812{factories.number():08d}" for _ in range(people)]
    rows = [factories.conversation(organization, device, external_user_id=phone) for phone in phones]
    return Shop(
        name,
        organization,
        device.id,
        account,
        f"[{name}]",
        tuple(phones),
        tuple(row.id for row in rows),
        tuple(factories.person(organization, capacity=CAPACITY) for _ in range(AGENTS)),
        factories.person(organization, "manager"),
        factories.person(organization, "admin"),
    )


def _queue(shop: Shop) -> Shop:
    """The same shop with a division queue; everybody who is there already is somebody's customer."""
    from cloudchat.models import Division
    from cloudchat.services import divisions
    from cloudchat.services.queueing import settings
    from cloudchat.tenancy import acting_as

    members = [agent.id for agent in shop.agents]
    with acting_as(shop.id):
        settings.save({"is_enabled": True})
        for place, name in enumerate(DIVISIONS):
            divisions.save(Division(), {"name": name, "members": members[place * 8 : place * 8 + 12]})
    # Those who are there already are in the care of the manager, so that no menu goes to them.
    _assign(shop)
    return replace(shop, has_queue=True)


def _assign(shop: Shop) -> None:
    from cloudchat.extensions import db
    from cloudchat.models import Conversation
    from cloudchat.tenancy import acting_as

    with acting_as(shop.id):
        db.session.execute(db.update(Conversation).values(assignee_id=shop.manager.id))
        db.session.commit()


def _bystander(factories) -> Shop:
    organization = factories.organization("Toko Tetangga")
    device = factories.device(organization, "webchat")
    rows = [factories.conversation(organization, device) for _ in range(5)]
    for row in rows:
        factories.message(row, "[Toko Tetangga] Halo")
    people = (factories.person(organization), factories.person(organization, "manager"))
    return Shop(
        "Toko Tetangga",
        organization,
        device.id,
        device.external_account,
        "[Toko Tetangga]",
        (),
        tuple(row.id for row in rows),
        people[:1],
        people[1],
        people[1],
    )


def come_online(world: World) -> None:
    """The agents of the queue are there; their open pages keep them so."""
    for agent in world.shops.queue.agents:
        path = f"{world.url}/api/app/agents/me/availability"
        wait_until(
            lambda path=path, agent=agent: call(path, {"status": "online"}, agent.token, "PUT"),
            20,
            "an agent cannot come online",
        )
