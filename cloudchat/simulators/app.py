"""The one screen of wiring. A new provider: a module with `create(world)` and a line here."""

from flask import Flask, Response, abort, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from cloudchat.simulators import (
    facebook,
    hooks,
    language_model,
    message_templates,
    messenger,
    meta,
    push,
    rajaongkir,
    telegram,
    wa_device,
    whatsapp,
)
from cloudchat.simulators.provider import Provider, Settings, World
from cloudchat.simulators.server import Server

PROVIDERS = (
    meta.create,
    whatsapp.create,
    message_templates.create,
    messenger.create,
    facebook.create,
    telegram.create,
    wa_device.create,
    hooks.create,
    push.create,
    rajaongkir.create,
    language_model.create,
)

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; base-uri 'none'; "
    "form-action *; frame-ancestors 'none'; object-src 'none'"
)


def serve(
    port: int = 0,
    *,
    host: str = "127.0.0.1",
    webhook_url: str | None = None,
    settings: Settings | None = None,
    gives_numbers: bool = False,
) -> Server:
    """Start all simulators on threads of this process. Port 0 takes a free one.

    `gives_numbers`, to try things out: a WhatsApp number that nobody has is whoever's that asks for it
    first, with any new token.
    """
    world = World(settings or Settings.from_environment(webhook_url))
    world.gives_numbers = gives_numbers
    providers = [create(world) for create in PROVIDERS]
    return Server(_create_app(world, providers), world, providers, host, port)


def _create_app(world: World, providers: list[Provider]) -> Flask:
    app = Flask("cloudchat.simulators")
    app.json.sort_keys = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for provider in providers:
        for blueprint in provider.blueprints:
            app.register_blueprint(blueprint)
    app.add_url_rule("/", "index", lambda: render_template("index.html", providers=providers))
    app.add_url_rule("/healthz", "healthz", lambda: jsonify(status="ok"))
    app.add_url_rule("/events", "events", lambda: _events(world))
    app.add_url_rule("/_control/reset", "reset", lambda: _reset(world, providers), methods=["POST"])
    app.register_error_handler(ValueError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.before_request(_same_origin)
    app.after_request(_harden)
    return app


def _reset(world: World, providers: list[Provider]):
    for provider in providers:
        provider.reset()
    world.changes.tell()
    return jsonify(ok=True)


def _events(world: World) -> Response:
    """Server-Sent Events: one line with the version whenever something changed."""

    def stream():
        seen = world.changes.version
        yield f"retry: 1000\ndata: {seen}\n\n"
        while not world.changes.closed:
            now = world.changes.wait(seen, 10)
            # The comment keeps the line alive and notices a page that has gone.
            yield f"data: {now}\n\n" if now != seen else ": still here\n\n"
            seen = now

    return Response(stream(), mimetype="text/event-stream", headers={"Cache-Control": "no-store"})


def _same_origin():
    """A page of some other site, open in the same browser, must not play the customer."""
    origin = request.headers.get("Origin")
    if origin and request.method not in ("GET", "HEAD") and origin + "/" != request.host_url:
        abort(403)


def _refused(error: ValueError):
    """A control call that makes no sense; says what is wrong with it."""
    return jsonify(error={"code": "invalid", "message": str(error)}), 422


def _http_error(error: HTTPException):
    if request.path.startswith("/_control/"):
        return jsonify(error={"code": error.name, "message": error.description}), error.code
    return error


def _harden(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response
