"""All configuration of Tollbook: environment variables `TOLLBOOK_*`, `*_FILE` for secrets, or TOML.

Precedence: environment, then the file named by TOLLBOOK_CONFIG (TOML, same names in lower case
without the prefix), then the defaults here. Anything unknown or malformed stops the start and is
named.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ledger.domain.errors import InvalidSetting
from ledger.domain.zones import zone

PREFIX = "TOLLBOOK_"
CONFIG_VARIABLE = "TOLLBOOK_CONFIG"

_PUBLISHED_PRICES = (
    "https://raw.githubusercontent.com/pydantic/genai-prices/refs/heads/main"
    "/prices/new_data/v2/data.json"
)
"""Where the makers of the library for prices publish its data; a test holds it against theirs."""


def _default_home() -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/tollbook")
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "tollbook"


class Settings(BaseSettings):
    """Everything an operator can set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    database_url: str | None = Field(
        default=None, description="Postgres 15 or newer; unset: an embedded Postgres under the home"
    )
    home: Path = Field(
        default_factory=_default_home, description="Where the embedded Postgres keeps its data"
    )
    collector_bind: str = Field(
        default="127.0.0.1:4318",
        description="Address and port of the HTTP API and the OTLP receiver",
    )
    dashboards_bind: str = Field(
        default="127.0.0.1:8050", description="Address and port of the dashboards"
    )
    auth: Literal["on", "off"] | None = Field(
        default=None,
        description="`off` is the default on loopback and refused on any other address",
    )
    time_zone: str = Field(
        default="UTC", description="The operator's IANA zone: days in views across tenants"
    )
    default_tenant: str | None = Field(
        default=None,
        description="Tenant of records that name none; unset: such records are refused",
    )
    ingest_workers: int = Field(
        default_factory=lambda: max(1, min(8, os.cpu_count() or 1)),
        ge=1,
        le=64,
        description="Processes of the collector",
    )
    max_body_bytes: int = Field(
        default=64 * 2**20, ge=1024, description="Largest request body once decompressed"
    )
    max_waiting_calls: int = Field(
        default=100_000, ge=1000, description="Calls a process holds before it answers 503"
    )
    join_window_hours: int = Field(
        default=24,
        ge=1,
        le=168,
        description="Copies of a call that come within this time of each other are joined",
    )
    spool_directory: Path | None = Field(
        default=None,
        description="Where requests are kept while Postgres is away; unset: `spool` under the home",
    )
    spool_max_bytes: int = Field(
        default=2**30,
        ge=0,
        description="What the spool may take on disk before it answers 503; 0 turns it off",
    )
    rejected_records_kept: int = Field(
        default=100_000, ge=0, description="Refused records kept as evidence; the oldest go first"
    )
    dead_letters_kept: int = Field(
        default=1_000_000,
        ge=0,
        description="Dead letters kept for a replay; beyond it those without a whole call go first",
    )
    metrics_max_samples: int = Field(
        default=10_000,
        ge=1_000,
        description="Sample lines of /metrics beyond which new label values become `other`",
    )
    catalog_url: str = Field(
        default=_PUBLISHED_PRICES,
        description="Where providers' published prices are fetched once a day; empty: never",
    )
    notice_urls: str | None = Field(
        default=None,
        repr=False,
        description="Where notices about budgets go when no channel is set; addresses with spaces"
        " between them",
    )
    public_url: str | None = Field(
        default=None, description="Where people reach the dashboards; notices link to it"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severe log line to write"
    )

    @property
    def spool_path(self) -> Path:
        """The directory of the spool."""
        return self.spool_directory or self.home / "spool"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first, then the secrets' files, then the TOML file."""
        toml = TomlConfigSettingsSource(settings_cls, os.environ.get(CONFIG_VARIABLE))
        return init_settings, env_settings, _SecretFiles(settings_cls), toml

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        zone(value)
        return value

    @field_validator("database_url")
    @classmethod
    def _url_is_of_postgres(cls, value: str | None) -> str | None:
        scheme = (value or "postgresql:").partition(":")[0]
        if scheme not in ("postgres", "postgresql", "postgresql+psycopg"):
            raise ValueError("expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
        return value

    @field_validator("catalog_url")
    @classmethod
    def _url_is_of_the_web(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("expected https://... or nothing")
        return value

    @field_validator("public_url")
    @classmethod
    def _public_url_is_of_the_web(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("expected https://HOST or http://HOST")
        return value

    @field_validator("collector_bind", "dashboards_bind")
    @classmethod
    def _bind_is_address_and_port(cls, value: str) -> str:
        host, separator, port = value.rpartition(":")
        if not separator or not host or not port.isdigit() or int(port) > 65535:
            raise ValueError("expected ADDRESS:PORT, such as 127.0.0.1:4318")
        return value


class _SecretFiles(PydanticBaseSettingsSource):
    """Reads TOLLBOOK_X from the file that TOLLBOOK_X_FILE names."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        if path is None:
            return None, field_name, False
        try:
            return Path(path).read_text().strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidSetting(
                f"{PREFIX}{field_name.upper()}_FILE: cannot read {path}: {error}"
            ) from error

    def __call__(self) -> dict[str, Any]:
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value is not None}


def load_settings() -> Settings:
    """Read the settings once. Raises InvalidSetting naming each variable that is wrong."""
    _refuse_unknown_variables()
    _refuse_missing_file()
    try:
        settings = Settings()
    except tomllib.TOMLDecodeError as error:
        raise InvalidSetting(
            f"{CONFIG_VARIABLE}: {os.environ[CONFIG_VARIABLE]}: {error}"
        ) from error
    except ValidationError as error:
        faults = (
            f"{PREFIX}{'_'.join(str(part) for part in fault['loc']).upper()}:"
            f" {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors()
        )
        raise InvalidSetting("; ".join(faults)) from error
    _refuse_open_binds(settings)
    return settings


def _refuse_unknown_variables() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    known |= {f"{name}_FILE" for name in known} | {CONFIG_VARIABLE}
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_") and name not in known:
            raise InvalidSetting(f"{name} is no setting of Tollbook; docs/settings.md lists them")


def _refuse_missing_file() -> None:
    path = os.environ.get(CONFIG_VARIABLE)
    if path is not None and not Path(path).is_file():
        raise InvalidSetting(f"{CONFIG_VARIABLE}: there is no file {path}")


def _refuse_open_binds(settings: Settings) -> None:
    if settings.auth == "on":
        raise InvalidSetting(
            "TOLLBOOK_AUTH=on: this version cannot check credentials yet; bind to a loopback"
            " address and leave TOLLBOOK_AUTH unset"
        )
    for name in ("collector_bind", "dashboards_bind"):
        if not is_loopback(getattr(settings, name)):
            raise InvalidSetting(
                f"{PREFIX}{name.upper()}={getattr(settings, name)} is reachable by others, and"
                " without authentication everybody could read and write every tenant; bind to"
                " 127.0.0.1 and put an authenticating proxy in front"
            )


def is_loopback(bind: str) -> bool:
    """Whether an ADDRESS:PORT can only be reached from the machine itself."""
    host = bind.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
