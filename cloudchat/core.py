"""What every process of ours stands on: settings, logs, database, Redis, channels, jobs. No pages.

Worker and scheduler have nothing else, so that one that was killed is soon back: nothing that only
requests need may be imported here or below (`.importlinter` holds it).
"""

from pathlib import Path

from flask import Flask
from flask_babel import Babel

from cloudchat import channels, jobs, languages, local, logs, patience, realtime
from cloudchat import config as configuration
from cloudchat.clients import guarded, meta_graph
from cloudchat.extensions import db, redis

ROOT = Path(__file__).resolve().parent.parent


def create_core(config: configuration.Config | None = None, web_process: bool = False) -> Flask:
    """An application that can do its jobs and tell open pages of it, and answers no request yet."""
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
    app.config.update(_settings(config))

    db.init_app(app)
    redis.bind(config.redis_url)
    patience.configure(config.statement_seconds if web_process else 0)
    Babel(app, locale_selector=languages.locale)
    channels.configure(config)
    guarded.configure(config.webhook_allow)
    meta_graph.configure(config)

    jobs.bind(app.app_context, config.job_statement_seconds)
    jobs.start_subscriptions()
    realtime.init(app, in_web_process=web_process)
    return app


def _settings(config: configuration.Config) -> dict:
    return {
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
        "BABEL_DEFAULT_LOCALE": "id",
        "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "translations"),
    }


def _connect_args(config: configuration.Config) -> dict:
    """What each connection to PostgreSQL is opened with."""
    args = {"connect_timeout": 5, "application_name": "cloudchat"}
    # Behind a pooler the next transaction may meet another server, which never heard of the statement
    return args if config.prepares_statements else args | {"prepare_threshold": None}
