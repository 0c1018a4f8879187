"""Settings: read once from the environment, checked all at once, refused when dangerous."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROLES = ("app", "worker", "clock")


class Settings(BaseSettings):
    """Everything that the outside may decide; names are WISMO_… in capital letters."""

    model_config = SettingsConfigDict(
        env_prefix="WISMO_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    database_url: str = Field(default="sqlite:///var/wismo.db", repr=False)  # may hold a password
    secret_key: SecretStr = SecretStr("")
    base_url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    roles: Annotated[tuple[str, ...], NoDecode] = ROLES
    sandbox: bool = False
    smtp_url: str = Field(default="", repr=False)
    mail_from: str = ""
    slack_api_url: str = "https://slack.com/api/"
    telegram_api_url: str = "https://api.telegram.org"
    shopify_api_url: str = ""
    carrier_api_url: str = ""
    stripe_api_url: str = ""
    easypost_api_url: str = ""
    outside_hosts: Annotated[tuple[str, ...], NoDecode] = ()  # called though they are in the house
    slack_commands: Annotated[tuple[str, ...], NoDecode] = ("/wismo", "/order")
    metrics_token: SecretStr = SecretStr("")
    backup_dir: str = ""
    backup_days_kept: int = Field(default=14, ge=1)
    log_level: str = "INFO"
    log_format: str = "console"
    failpoints: str = ""

    @field_validator("roles", "slack_commands", "outside_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

    @field_validator("roles")
    @classmethod
    def _known_roles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = set(value) - set(ROLES)
        if unknown or not value:
            raise ValueError(f"roles are any of {', '.join(ROLES)}")
        return value

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if not self.sandbox and len(self.secret_key.get_secret_value()) < 32:
            raise ValueError(_no_key(self.secret_key.get_secret_value()))
        if self.failpoints and not self.sandbox:
            raise ValueError("WISMO_FAILPOINTS works in a sandbox only")
        return self

    @property
    def secrets(self) -> tuple[str, ...]:
        """Signing keys, oldest first; several are given separated by spaces when rotating."""
        keys = tuple(self.secret_key.get_secret_value().split())
        return keys or ("sandbox-only-key-sandbox-only-key-0000",)


def _no_key(told: str) -> str:
    if not told.strip():
        return (
            "There is no WISMO_SECRET_KEY yet: `wismo setup` makes one and keeps it in .env. "
            "Where there is a shop already, give the key that it was set up with."
        )
    return (
        "WISMO_SECRET_KEY is too short: it must hold at least 32 characters. Make one: "
        "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
    )
