"""create_app: the one screen where everything is wired."""

from datetime import timedelta

import structlog
from flask import Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from admin import init_admin
from blueprints import (
    assistant,
    auth,
    broadcast,
    chatbot,
    contacts,
    dashboard,
    inbox,
    messenger,
    meta_templates,
    notifications,
    ongkir,
    pipeline,
    queueing,
    reports,
    settings,
    system,
    webchat,
    webhooks,
)
from cloudchat import background, cli, logs, pages, web
from cloudchat import config as configuration
from cloudchat.cookies import CookieSessions
from cloudchat.core import ROOT, create_core
from cloudchat.extensions import SENTINEL, db
from cloudchat.limits import limiter

BLUEPRINTS = (
    assistant,
    auth,
    broadcast,
    chatbot,
    contacts,
    dashboard,
    inbox,
    meta_templates,
    messenger,
    notifications,
    ongkir,
    pipeline,
    queueing,
    reports,
    settings,
    system,
    webchat,
    webhooks,
)


def create_app(config: configuration.Config | None = None, web_process: bool = False) -> Flask:
    """The application. `web_process` also opens the socket; commands only write to it."""
    app = create_core(config, web_process)
    config = configuration.active()
    app.config.update(_request_settings(config))
    app.session_interface = CookieSessions()
    app.url_map.converters |= pages.CONVERTERS

    Migrate(app, db, directory=str(ROOT / "migrations"))
    web.csrf.init_app(app)
    limiter.init_app(app)

    logs.init_app(app)
    web.init_errors(app)
    pages.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint.bp)
    init_admin(app)
    web.init_app(app)
    cli.init_app(app)
    background.add_commands(app)

    if config.trusted_proxies:  # sockets too have to know from where they come
        count = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)
    app.wsgi_app = webhooks.Lane(app, app.wsgi_app)  # outermost: providers' calls go past all the rest
    structlog.get_logger(__name__).debug("app_made", web_process=web_process)
    return app


def _request_settings(config: configuration.Config) -> dict:
    return {
        "SECRET_KEY": config.secret_key,
        "SESSION_COOKIE_NAME": "cloudchat",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": config.secure_cookies,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=30),
        "WTF_CSRF_CHECK_DEFAULT": False,  # the door checks it for cookie sessions
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        "RATELIMIT_STORAGE_URI": _limit_storage(config.redis_url),
        "RATELIMIT_HEADERS_ENABLED": False,
        "MAX_CONTENT_LENGTH": web.API_BODY,
        "JSON_SORT_KEYS": False,
        "TEMPLATES_AUTO_RELOAD": False,
    }


def _limit_storage(redis_url: str) -> str:
    """The limiter's spelling of a Redis address; it names sockets and sentinels in its own way."""
    if redis_url.startswith("unix://"):
        return "redis+" + redis_url
    if redis_url.startswith(SENTINEL):
        hosts, _db, name = redis_url.removeprefix(SENTINEL).split("/")
        return f"{SENTINEL}{hosts}/{name}"
    return redis_url
