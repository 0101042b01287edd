"""create_app: the one screen where everything is wired."""

from datetime import timedelta
from pathlib import Path

import structlog
from flask import Flask
from flask_babel import Babel
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
from cloudchat import channels, cli, jobs, local, logs, pages, patience, realtime, web
from cloudchat import config as configuration
from cloudchat.clients import guarded, meta_graph
from cloudchat.cookies import CookieSessions
from cloudchat.extensions import SENTINEL, db, migrate, redis
from cloudchat.limits import limiter

ROOT = Path(__file__).resolve().parent.parent
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
    """The application. `web_process` also opens the socket; commands and workers only write to it."""
    config = config or configuration.load()
    if not config.database_url or not config.redis_url:
        config = local.with_embedded(config)
    configuration.activate(config)
    logs.configure(config)

    app = Flask(
        "cloudchat",
        root_path=str(ROOT),
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
    )
    app.config.update(_flask_settings(config))
    app.session_interface = CookieSessions()
    app.url_map.converters |= pages.CONVERTERS

    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    redis.bind(config.redis_url)
    patience.configure(config.statement_seconds if web_process else 0)
    Babel(app, locale_selector=pages.locale)
    web.csrf.init_app(app)
    limiter.init_app(app)
    channels.configure(config)
    guarded.configure(config.webhook_allow)
    meta_graph.configure(config)

    logs.init_app(app)
    web.init_errors(app)
    pages.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint.bp)
    init_admin(app)
    web.init_app(app)
    cli.init_app(app)

    jobs.bind(app.app_context, config.job_statement_seconds)
    jobs.start_subscriptions()
    realtime.init(app, in_web_process=web_process)
    if config.trusted_proxies:  # sockets too have to know from where they come
        count = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)
    app.wsgi_app = webhooks.Lane(app, app.wsgi_app)  # outermost: providers' calls go past all the rest
    structlog.get_logger(__name__).debug("app_made", web_process=web_process)
    return app


def _flask_settings(config: configuration.Config) -> dict:
    return {
        "SECRET_KEY": config.secret_key,
        "SQLALCHEMY_DATABASE_URI": config.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_size": config.database_pool,
            "max_overflow": config.database_pool,
            "pool_timeout": 10,
            "pool_use_lifo": True,  # few connections, whose plans and caches are warm
            "pool_pre_ping": False,
            "pool_recycle": 1800,
            "hide_parameters": True,  # an error's text goes to the log; what people wrote does not
            "connect_args": _connect_args(config),
        },
        "SESSION_COOKIE_NAME": "cloudchat",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": config.secure_cookies,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=30),
        "WTF_CSRF_CHECK_DEFAULT": False,  # the door checks it for cookie sessions
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        "BABEL_DEFAULT_LOCALE": "id",
        "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "translations"),
        "RATELIMIT_STORAGE_URI": _limit_storage(config.redis_url),
        "RATELIMIT_HEADERS_ENABLED": False,
        "MAX_CONTENT_LENGTH": web.API_BODY,
        "JSON_SORT_KEYS": False,
        "TEMPLATES_AUTO_RELOAD": False,
    }


def _connect_args(config: configuration.Config) -> dict:
    """What each connection to PostgreSQL is opened with."""
    args = {"connect_timeout": 5, "application_name": "cloudchat"}
    # Behind a pooler the next transaction may meet another server, which never heard of the statement
    return args if config.prepares_statements else args | {"prepare_threshold": None}


def _limit_storage(redis_url: str) -> str:
    """The limiter's spelling of a Redis address; it names sockets and sentinels in its own way."""
    if redis_url.startswith("unix://"):
        return "redis+" + redis_url
    if redis_url.startswith(SENTINEL):
        hosts, _db, name = redis_url.removeprefix(SENTINEL).split("/")
        return f"{SENTINEL}{hosts}/{name}"
    return redis_url
