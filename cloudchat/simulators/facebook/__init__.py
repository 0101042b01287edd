"""Facebook's login, simulated: the dialog, codes and tokens, grants and pages of the one user.

Control, below /_control/facebook:
GET, PATCH /settings -> {mode: ask | accept | cancel, declined: [scope], pages: [id] (empty: all),
    page_size}: ask shows the dialog to a person, the others answer at once
POST /reset -> {ok}
Failures of the Graph calls: /_control/meta/faults with node and edge, as in {"kind": "error", "code":
    190, "subcode": 463, "node": "me", "edge": "accounts"}; oauth/access_token is node "oauth"
"""

from flask import Blueprint, jsonify

from cloudchat.simulators.facebook.login import Login, State
from cloudchat.simulators.meta.control import json_body
from cloudchat.simulators.provider import Provider, World, set_options


def create(world: World) -> Provider:
    """Register the dialog and the Graph calls behind it."""
    meta = world.shared["meta"]
    state = State(world.shared["messenger"], meta.webhooks)
    login = Login(state)
    login.register(meta.graph)
    return Provider(
        name="facebook",
        title="Facebook Login",
        summary="Layar izin untuk menghubungkan halaman Facebook. Dibuka dari halaman perangkat.",
        links=(),
        blueprints=[login.blueprint(), _control(state)],
        reset=state.reset,
        state=state,
    )


def _control(state: State) -> Blueprint:
    control = Blueprint("facebook_control", __name__, url_prefix="/_control/facebook")

    @control.get("/settings")
    def settings():
        return jsonify(vars(state.behaviour))

    @control.patch("/settings")
    def change_settings():
        set_options(state.behaviour, json_body())
        return jsonify(vars(state.behaviour))

    @control.post("/reset")
    def reset():
        state.reset()
        return jsonify(ok=True)

    return control
