"""Unbound extension objects: the database, Redis. Imports nothing of ours."""

from datetime import UTC, datetime
from typing import Any

import redis as redis_client
from flask_sqlalchemy import SQLAlchemy
from redis.sentinel import Sentinel
from socketio.redis_manager import parse_redis_sentinel_url
from sqlalchemy import DateTime, Identity, Integer, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table: aware timestamps, JSONB for dicts."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={
            datetime: DateTime(timezone=True),
            dict[str, Any]: JSONB(none_as_null=True),
            str: Text(),
        },
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False}, disable_autonaming=True)


SENTINEL = "redis+sentinel://"


def connect_redis(url: str, **options) -> redis_client.Redis:
    """A client of the Redis at `url`. With `redis+sentinel://[:password@]host:port,host:port/db/name` it
    asks the sentinels who the master is, and asks again whenever it has to connect anew."""
    if not url.startswith(SENTINEL):
        return redis_client.Redis.from_url(url, **options)
    sentinels, name, login = parse_redis_sentinel_url(url)
    asked = {"socket_timeout": 2, "socket_connect_timeout": 1}
    return Sentinel(sentinels, sentinel_kwargs=asked, **login, **options).master_for(name)


class Redis:
    """The one Redis client, bound to an address when the app is made."""

    def __init__(self) -> None:
        self.url = ""
        self._client: redis_client.Redis | None = None

    def bind(self, url: str) -> None:
        self.url = url
        self._client = connect_redis(
            url, socket_timeout=2, socket_connect_timeout=1, health_check_interval=30
        )

    @property
    def client(self) -> redis_client.Redis:
        if self._client is None:
            raise RuntimeError("Redis is used before create_app() bound it")
        return self._client


redis = Redis()


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def primary_key() -> Any:
    """An integer key that the database hands out."""
    return mapped_column(Integer, Identity(), primary_key=True)


class Timestamps:
    """When a row was made and last changed."""

    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
