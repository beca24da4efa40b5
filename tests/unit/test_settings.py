from __future__ import annotations

import os
from pathlib import Path

import pytest

from ledger.domain.errors import InvalidSetting
from ledger.settings import Settings, is_loopback, load_settings


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("TOLLBOOK_"):
            monkeypatch.delenv(name)


def test_without_any_setting_everything_has_its_default() -> None:
    settings = load_settings()
    assert settings.database_url is None
    assert settings.collector_bind == "127.0.0.1:4318"
    assert settings.dashboards_bind == "127.0.0.1:8050"
    assert (settings.time_zone, settings.log_level, settings.auth) == ("UTC", "INFO", None)
    assert 1 <= settings.ingest_workers <= 8


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", "postgresql://db/ledger")
    monkeypatch.setenv("TOLLBOOK_INGEST_WORKERS", "3")
    monkeypatch.setenv("TOLLBOOK_TIME_ZONE", "Asia/Kolkata")
    settings = load_settings()
    assert settings.database_url == "postgresql://db/ledger"
    assert (settings.ingest_workers, settings.time_zone) == (3, "Asia/Kolkata")


def test_a_secret_is_read_from_the_file_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://db/secret\n")
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL_FILE", str(secret))
    assert load_settings().database_url == "postgresql://db/secret"


def test_a_secret_file_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL_FILE", str(tmp_path / "missing"))
    with pytest.raises(InvalidSetting, match=r"TOLLBOOK_DATABASE_URL_FILE: .*missing"):
        load_settings()


def test_a_secret_file_that_is_no_text_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "url"
    secret.write_bytes(b"\xff\xfe\x80")
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL_FILE", str(secret))
    with pytest.raises(InvalidSetting, match="TOLLBOOK_DATABASE_URL_FILE"):
        load_settings()


def write_config(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> Path:
    path = folder / "tollbook.toml"
    path.write_text(text)
    monkeypatch.setenv("TOLLBOOK_CONFIG", str(path))
    return path


def test_settings_are_read_from_a_toml_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_config(monkeypatch, tmp_path, 'time_zone = "Europe/Berlin"\ningest_workers = 2\n')
    settings = load_settings()
    assert (settings.time_zone, settings.ingest_workers) == ("Europe/Berlin", 2)


def test_the_environment_wins_over_the_secret_file_and_that_over_toml(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "tenant"
    secret.write_text("from-secret")
    write_config(monkeypatch, tmp_path, 'default_tenant = "from-toml"\n')
    assert load_settings().default_tenant == "from-toml"
    monkeypatch.setenv("TOLLBOOK_DEFAULT_TENANT_FILE", str(secret))
    assert load_settings().default_tenant == "from-secret"
    monkeypatch.setenv("TOLLBOOK_DEFAULT_TENANT", "from-environment")
    assert load_settings().default_tenant == "from-environment"


def test_an_unknown_key_in_the_toml_file_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_config(monkeypatch, tmp_path, "colour = 1\n")
    with pytest.raises(InvalidSetting, match="COLOUR"):
        load_settings()


def test_a_malformed_toml_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = write_config(monkeypatch, tmp_path, "time_zone = \n")
    with pytest.raises(InvalidSetting, match=path.name):
        load_settings()


def test_a_toml_file_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOLLBOOK_CONFIG", str(tmp_path / "missing.toml"))
    with pytest.raises(InvalidSetting, match=r"missing\.toml"):
        load_settings()


@pytest.mark.parametrize("name", ["TOLLBOOK_DATABSE_URL", "TOLLBOOK_COLOUR", "TOLLBOOK_HOME_FILES"])
def test_an_unknown_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(InvalidSetting, match=f"{name} is no setting"):
        load_settings()


def test_variables_of_the_tests_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLLBOOK_TEST_TRACES", "elsewhere")
    assert isinstance(load_settings(), Settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOLLBOOK_INGEST_WORKERS", "many"),
        ("TOLLBOOK_INGEST_WORKERS", "0"),
        ("TOLLBOOK_MAX_BODY_BYTES", "1"),
        ("TOLLBOOK_TIME_ZONE", "Mars/Olympus"),
        ("TOLLBOOK_COLLECTOR_BIND", "4318"),
        ("TOLLBOOK_COLLECTOR_BIND", "127.0.0.1:"),
        ("TOLLBOOK_DASHBOARDS_BIND", "127.0.0.1:65536"),
        ("TOLLBOOK_DASHBOARDS_BIND", ":8050"),
        ("TOLLBOOK_AUTH", "maybe"),
        ("TOLLBOOK_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_malformed_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSetting, match=name):
        load_settings()


@pytest.mark.parametrize("name", ["TOLLBOOK_COLLECTOR_BIND", "TOLLBOOK_DASHBOARDS_BIND"])
@pytest.mark.parametrize("bind", ["0.0.0.0:4318", "[::]:4318", "192.168.1.5:4318", "example.com:1"])
def test_a_bind_that_others_can_reach_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, bind: str
) -> None:
    monkeypatch.setenv(name, bind)
    monkeypatch.setenv("TOLLBOOK_AUTH", "off")
    with pytest.raises(InvalidSetting, match=name):
        load_settings()


@pytest.mark.parametrize("bind", ["127.0.0.1:1", "127.8.8.8:4318", "[::1]:4318", "localhost:0"])
def test_loopback_binds_are_accepted(monkeypatch: pytest.MonkeyPatch, bind: str) -> None:
    monkeypatch.setenv("TOLLBOOK_COLLECTOR_BIND", bind)
    assert load_settings().collector_bind == bind
    assert is_loopback(bind)
