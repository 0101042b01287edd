"""The environment, read once into one frozen object. Outside production missing secrets are made and kept."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SIMULATOR_APP_ID = "100000000000001"
SIMULATOR_APP_SECRET = "simulator-app-secret"
SIMULATOR_VERIFY_TOKEN = "simulator-verify-token"
WEAK_SECRETS = {"", "secret", "changeme", "change-me", "dev", "development", "default"}


class ConfigError(SystemExit):
    """A setting is missing or unsafe; the text is the one line that the operator sees."""

    def __init__(self, message: str):
        super().__init__(f"cloudchat: {message}")


@dataclass(frozen=True)
class Config:
    """Everything that comes from outside. Provider addresses are hosts without path or version."""

    database_url: str
    redis_url: str
    secret_key: str
    encryption_keys: tuple[str, ...]
    port: int
    public_url: str
    knows_public_url: bool  # was it said? A provider can only be told an address that was
    data_dir: Path
    meta_app_id: str
    meta_app_secret: str
    meta_verify_token: str
    meta_graph_url: str
    meta_graph_version: str
    meta_dialog_url: str
    telegram_api_url: str
    wa_device_url: str
    rajaongkir_url: str
    facebook_help_urls: Mapping[str, str]  # replaces links that have grown old, by key
    support_url: str
    smtp_url: str
    mail_from: str
    vapid_private_key: str
    vapid_subject: str
    webhook_allow: tuple[str, ...]
    trusted_proxies: int
    database_pool: int
    statement_seconds: int  # of a web process; 0: no limit of ours
    job_statement_seconds: int
    prepares_statements: bool
    is_production: bool

    @property
    def secure_cookies(self) -> bool:
        return self.public_url.startswith("https://")


def load(env: Mapping[str, str] = os.environ) -> Config:
    """Read the settings; raises ConfigError with one clear line where they cannot be used."""
    port = _number(env, "PORT", 5000)
    public_url = env.get("PUBLIC_URL", "").rstrip("/")
    data_dir = Path(env.get("CLOUDCHAT_DATA_DIR") or "var").absolute()
    is_production = env.get("CLOUDCHAT_ENV") == "production" or public_url.startswith("https://")
    kept = {} if is_production else _kept_secrets(data_dir)
    keys = env.get("ENCRYPTION_KEYS") or kept.get("encryption_key", "")
    config = Config(
        database_url=_database_url(env.get("DATABASE_URL", "")),
        redis_url=env.get("REDIS_URL", ""),
        secret_key=env.get("SECRET_KEY") or kept.get("secret_key", ""),
        encryption_keys=_list(keys),
        port=port,
        public_url=public_url or f"http://localhost:{port}",
        knows_public_url=bool(public_url),
        data_dir=data_dir,
        meta_app_id=env.get("META_APP_ID") or ("" if is_production else SIMULATOR_APP_ID),
        meta_app_secret=env.get("META_APP_SECRET") or ("" if is_production else SIMULATOR_APP_SECRET),
        meta_verify_token=env.get("META_VERIFY_TOKEN") or ("" if is_production else SIMULATOR_VERIFY_TOKEN),
        meta_graph_url=env.get("META_GRAPH_URL", "https://graph.facebook.com").rstrip("/"),
        meta_graph_version=env.get("META_GRAPH_VERSION", "v24.0"),
        meta_dialog_url=env.get("META_DIALOG_URL", "https://www.facebook.com").rstrip("/"),
        telegram_api_url=env.get("TELEGRAM_API_URL", "https://api.telegram.org").rstrip("/"),
        wa_device_url=env.get("WA_DEVICE_URL", "http://localhost:3000").rstrip("/"),
        rajaongkir_url=env.get("RAJAONGKIR_URL", "https://rajaongkir.komerce.id").rstrip("/"),
        facebook_help_urls=_links(env, "FACEBOOK_HELP_URLS"),
        support_url=env.get("SUPPORT_URL", ""),
        smtp_url=env.get("SMTP_URL", ""),
        mail_from=env.get("MAIL_FROM") or "CloudChat <cloudchat@localhost>",
        vapid_private_key=env.get("VAPID_PRIVATE_KEY", ""),
        vapid_subject=env.get("VAPID_SUBJECT", ""),
        webhook_allow=tuple(env.get("WEBHOOK_ALLOW", "").replace(",", " ").split()),
        trusted_proxies=_number(env, "TRUSTED_PROXIES", 0),
        database_pool=_number(env, "DATABASE_POOL", 20),
        statement_seconds=_number(env, "DATABASE_STATEMENT_SECONDS", 15),
        job_statement_seconds=_number(env, "DATABASE_JOB_STATEMENT_SECONDS", 300),
        prepares_statements=env.get("DATABASE_PREPARE", "1") != "0",
        is_production=is_production,
    )
    _check_vapid(config)
    _check_redis(config)
    if is_production:
        _refuse_weak_secrets(config)
    return config


def _kept_secrets(data_dir: Path) -> dict[str, str]:
    """Random secrets of this installation, made at the first start and kept beside its data."""
    path = data_dir / "secrets.json"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        made = {
            "secret_key": secrets.token_urlsafe(48),
            "encryption_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(made))
        try:
            os.link(draft, path)  # the first of two starters wins
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return json.loads(path.read_text())


def _refuse_weak_secrets(config: Config) -> None:
    if config.secret_key.lower() in WEAK_SECRETS or len(config.secret_key) < 32:
        raise ConfigError(
            "SECRET_KEY must be set to at least 32 random characters, for example "
            f"SECRET_KEY={secrets.token_urlsafe(32)}"
        )
    if not config.encryption_keys or not all(map(_is_fernet_key, config.encryption_keys)):
        raise ConfigError(
            "ENCRYPTION_KEYS must hold Fernet keys of your own (32 random bytes in base64): "
            "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
        )
    if config.meta_app_secret == SIMULATOR_APP_SECRET:
        raise ConfigError("META_APP_SECRET is the simulator's; set the one of your own Meta app")
    if config.meta_verify_token == SIMULATOR_VERIFY_TOKEN:
        raise ConfigError("META_VERIFY_TOKEN is the simulator's; choose one of your own")
    if not config.database_url or not config.redis_url:
        raise ConfigError("DATABASE_URL and REDIS_URL must be set (or start with `make run`)")


def _is_fernet_key(key: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(key)) == 32
    except ValueError:
        return False


def _check_redis(config: Config) -> None:
    known = ("redis://", "rediss://", "unix://", "redis+sentinel://", "embedded")
    if config.redis_url and not config.redis_url.startswith(known):
        raise ConfigError("REDIS_URL must begin with redis://, rediss://, unix:// or redis+sentinel://")
    if config.redis_url.startswith("redis+sentinel://") and config.redis_url.count("/") != 4:
        raise ConfigError("REDIS_URL must be redis+sentinel://host:port,host:port/0/name-of-the-master")


def _check_vapid(config: Config) -> None:
    key = config.vapid_private_key
    if key and not _is_fernet_key(key + "=" * (-len(key) % 4)):  # 32 bytes in base64, as it happens
        raise ConfigError("VAPID_PRIVATE_KEY must be the 32 bytes of a P-256 key in base64url")
    if config.vapid_subject and not config.vapid_subject.startswith(("mailto:", "https://")):
        raise ConfigError("VAPID_SUBJECT must be mailto:you@example.com or an https address")


def _database_url(url: str) -> str:
    """SQLAlchemy's spelling of a PostgreSQL address, with the psycopg 3 driver."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _links(env: Mapping[str, str], name: str) -> dict[str, str]:
    """A JSON object of names and addresses."""
    try:
        links = json.loads(env.get(name) or "{}")
        if not all(str(link).startswith("https://") for link in links.values()):
            raise ValueError
    except (ValueError, AttributeError):
        raise ConfigError(f"{name} must be a JSON object of https addresses") from None
    return {str(key): str(link) for key, link in links.items()}


def _list(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(",") if word.strip())


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name, "") or str(default)
    if not value.isascii() or not value.isdigit():
        raise ConfigError(f"{name} must be a whole number, not {value!r}")
    return int(value)


_active: Config | None = None


def activate(config: Config) -> Config:
    """Make this the configuration of the process; `create_app` does it."""
    global _active
    _active = config
    return config


def active() -> Config:
    """The configuration of this process; raises RuntimeError before an app was made."""
    if _active is None:
        raise RuntimeError("no configuration is active; create_app() comes first")
    return _active
