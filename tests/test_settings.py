"""Settings: the environment is validated before anything else happens."""

from pathlib import Path

import pytest

from worker.errors import BadConfig
from worker.settings import Settings, masked


def test_unset_means_embedded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORKER_VAR_DIR", str(tmp_path))
    settings = Settings.load()
    assert settings.embedded_broker
    assert settings.embedded_store
    assert settings.store == f"sqlite:///{tmp_path}/articles.sqlite3"


def test_an_unknown_variable_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(BadConfig, match=r"WORKER_STORE_URI: unknown .* WORKER_STORE_URL"):
        Settings.load({"WORKER_STORE_URI": "x"})


def test_what_kubernetes_puts_beside_a_service_called_worker_is_no_setting() -> None:
    Settings.load({"WORKER_SERVICE_HOST": "10.0.0.1", "WORKER_PORT": "tcp://10.0.0.1:80"})


def test_a_bad_value_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_PROCESSES", "many")
    with pytest.raises(BadConfig, match=r"WORKER_PROCESSES: .*'many'"):
        Settings.load()


def test_each_value_says_where_it_came_from() -> None:
    origins = Settings.load({}).origins({"WORKER_STORE_URL": "sqlite://"})
    assert (origins["store_url"], origins["broker_url"]) == ("WORKER_STORE_URL", "default")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:secret@broker:6379/0", "redis://:***@broker:6379/0"),
        ("postgresql+psycopg://me:p%40ss@db/news", "postgresql+psycopg://me:***@db/news"),
        ("sqlite:////var/articles.sqlite3", "sqlite:////var/articles.sqlite3"),
    ],
)
def test_passwords_are_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


def test_settings_come_from_the_given_environment_and_an_empty_variable_is_unset() -> None:
    given = {"WORKER_PROCESSES": " 3 ", "WORKER_STORE_URL": "", "WORKER_VAR_DIR": "data"}
    settings = Settings.load(given)
    assert (settings.processes, settings.store_url) == (3, "")
    assert settings.var_dir == Path("data").absolute()
    assert Settings.load({}).var_dir == Path("var").absolute()


def test_a_name_in_small_letters_counts_unless_the_one_in_capitals_is_set() -> None:
    assert Settings.load({"worker_processes": "4"}).processes == 4
    both = {"WORKER_PROCESSES": "5", "worker_processes": "4"}
    assert Settings.load(both).processes == 5
    assert Settings.load({"WORKER_PROCESSES": "", "worker_processes": "4"}).processes == 4
