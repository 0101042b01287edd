"""Services for a configuration that names none."""

import atexit
from dataclasses import replace

from cloudchat.config import Config
from cloudchat.local.services import start


def with_embedded(config: Config) -> Config:
    """The same configuration with both addresses filled in.

    What runs under `config.data_dir` already is used; the rest is started and ends with this
    process: by `atexit`, and after a signal or a crash because the servers are tied to it.
    """
    if config.database_url and config.redis_url:
        return config
    services = start(config.data_dir, postgres=not config.database_url, redis=not config.redis_url)
    atexit.register(services.stop)
    return replace(
        config,
        database_url=config.database_url or services.database_url,
        redis_url=config.redis_url or services.redis_url,
    )
