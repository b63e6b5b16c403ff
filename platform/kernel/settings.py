"""Typed settings from the environment, read once and validated at start.

Invariant: no other module reads `os.environ` for configuration. In production nothing has a default
that could be a secret or point at this machine.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

APP_ROOT = Path(os.environ.get("APP_ROOT") or Path(__file__).resolve().parents[2])

SECRET_KEY_MIN_CHARS = 32
_NAMES = (
    "environment",
    "database_url",
    "database_owner_url",
    "database_prepare",
    "redis_url",
    "smtp_url",
    "public_url",
    "secret_key",
    "var_dir",
    "host",
    "port",
    "mail_from",
    "redis_prefix",
    "trusted_proxies",
    "worker_processes",
    "worker_stop_seconds",
)


#: What may stand there, where pydantic's own words say what its types are and not what to write.
_ALLOWED = {
    "environment": "development, test or production",
    "database_prepare": "true or false",
    "port": "a whole number from 1 to 65535",
    "trusted_proxies": "a whole number from 0 to 5",
    "worker_processes": "a whole number from 1 to 64",
    "worker_stop_seconds": "a whole number from 1 to 3600",
}


class SettingsError(Exception):
    """The environment is invalid; the message names each variable and its remedy."""


class Settings(BaseModel):
    """Addresses of the servers, our own public address, and secrets.

    `database_url` is that of the application: `huikuan_app` itself, or a login that steps down to it in every
    transaction (see `kernel.db`). `database_owner_url` is that of the tables' owner, for migrations and the
    examination alone; without it the first one is taken. `database_prepare`: a statement that comes again is planned
    once per connection; not behind a pooler that gives transactions to connections without knowing their statements.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: Literal["development", "test", "production"] = "development"
    database_url: str = ""
    database_owner_url: str = ""
    database_prepare: bool = False
    redis_url: str = ""
    smtp_url: str = ""
    public_url: str = ""
    secret_key: str = ""
    var_dir: Path = APP_ROOT / "var"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    mail_from: str = "Huikuan <no-reply@huikuan.example>"
    redis_prefix: str = "huikuan"
    trusted_proxies: int = Field(default=0, ge=0, le=5)
    worker_processes: int = Field(default=2, ge=1, le=64)
    worker_stop_seconds: int = Field(default=60, ge=1, le=3600)

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def _psycopg(cls, value: str) -> str:
        for plain in ("postgres://", "postgresql://"):
            if value.startswith(plain):
                return "postgresql+psycopg://" + value.removeprefix(plain)
        if value and not value.startswith("postgresql+psycopg://"):
            raise ValueError("must begin with postgresql://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"smtp", "smtps", "smtp+starttls"}:
            raise ValueError("must begin with smtp://, smtp+starttls:// or smtps://")
        return value

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"http", "https"}:
            raise ValueError("must begin with https:// (or http:// on this machine)")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _complete_in_production(self) -> Settings:
        if self.environment != "production":
            return self
        missing = [n.upper() for n in ("database_url", "redis_url", "smtp_url", "public_url") if not getattr(self, n)]
        if len(self.secret_key) < SECRET_KEY_MIN_CHARS:
            missing.append(f"SECRET_KEY (at least {SECRET_KEY_MIN_CHARS} characters)")
        if not self.public_url.startswith("https://"):
            missing.append("PUBLIC_URL (https:// in production)")
        if missing:
            raise ValueError("needed in production: " + ", ".join(missing))
        return self

    @property
    def owner_url(self) -> str:
        """Returns the URL of the role that owns the tables."""
        return self.database_owner_url or self.database_url

    @property
    def base_url(self) -> str:
        """Returns our public address without a trailing slash."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def is_production(self) -> bool:
        return self.environment == "production"


def instance_of(secret_key: str) -> str:
    """Returns a public fingerprint of the installation's secret: equal for processes of one installation."""
    return hmac.new(secret_key.encode(), b"huikuan instance", hashlib.sha256).hexdigest()[:16]


def read_settings(environ: dict[str, str] | None = None) -> Settings:
    """Reads settings from `environ` (default: the process's). Raises SettingsError, one line per fault."""
    source = dict(os.environ) if environ is None else environ
    values = {name: source[name.upper()] for name in _NAMES if source.get(name.upper())}
    if "environment" not in values and source.get("HUIKUAN_ENV"):
        values["environment"] = source["HUIKUAN_ENV"]
    try:
        return Settings.model_validate(values)
    except ValidationError as fault:
        lines = []
        for error in fault.errors():
            name = ".".join(str(part) for part in error["loc"])
            lines.append(
                f"{name.upper() or 'SETTINGS'}: {_ALLOWED.get(name) or error['msg'].removeprefix('Value error, ')}"
            )
        raise SettingsError("The settings are not usable. " + "; ".join(lines)) from fault


def terminal_language(environ: dict[str, str] | None = None) -> str:
    """Returns the language of the operator's terminal: `zh_CN` when its locale is Chinese, else `en`."""
    source = dict(os.environ) if environ is None else environ
    locale = next((source[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if source.get(name)), "")
    return "zh_CN" if locale.lower().startswith("zh") else "en"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Returns the process's settings, read once."""
    return read_settings()
