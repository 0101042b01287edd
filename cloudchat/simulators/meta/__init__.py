"""What all of Meta's products share: Graph's door, signed webhooks, fault injection, request log.

WhatsApp, Messenger, templates and the login register their nodes and edges here:

    graph = world.shared["meta"].graph
    graph.kind("page", find=…, authorize=…)
    graph.edge("page", "POST", "messages")(function)      # function(call) -> dict | Response
"""

from dataclasses import dataclass

from cloudchat.simulators.meta.control import control_blueprint
from cloudchat.simulators.meta.faults import Faults
from cloudchat.simulators.meta.graph import Graph
from cloudchat.simulators.meta.webhooks import Deliverer
from cloudchat.simulators.provider import Provider, World


@dataclass
class Meta:
    """The shared parts, found by other simulators as `world.shared["meta"]`."""

    graph: Graph
    webhooks: Deliverer
    faults: Faults


def create(world: World) -> Provider:
    """Set up the shared Graph API; must stand before every Meta product in `app.PROVIDERS`."""
    faults = Faults(world)
    shared = Meta(Graph(world, faults), Deliverer(world), faults)
    world.shared["meta"] = shared

    def reset():
        shared.faults.clear()
        shared.graph.reset()
        shared.webhooks.reset()

    return Provider(
        name="meta",
        blueprints=[shared.graph.blueprint(), control_blueprint(world, shared)],
        reset=reset,
        stop=shared.webhooks.stop,
        state=shared,
    )
