"""Every setting of the farm: name, default, help. The only reader of the environment."""

import json
import os
import re
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path, user_data_path
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from farm.contract.errors import BadSetting
from farm.contract.meant import offered

PREFIX: Final = "FARM_"
FILE: Final = "farm.toml"
PASSWORD: Final = re.compile(r"://[^@\s]*@")  # with the user's name
SECRETS: Final = ("database_url", "broker_url")  # they may have a password in them


class Settings(BaseSettings):
    """Settings come from flags, then FARM_* variables, then farm.toml, then these defaults. Times in seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, toml_file=FILE, frozen=True, extra="forbid")

    database_url: str = Field("", description="SQL database; empty: SQLite in the data folder")
    broker_url: str = Field("", description="Redis, Valkey or RabbitMQ; empty: the embedded broker of `farm run`")
    data_dir: Path = Field(user_data_path("benchmark-farm"), description="embedded database, spool, logs")
    cache_dir: Path = Field(user_cache_path("benchmark-farm"), description="built and converted models")
    model_roots: tuple[Path, ...] = Field((), description="folders that local models may lie in; empty: any folder")
    remote_code: tuple[str, ...] = Field((), description="models whose own Python code may run on this worker")
    offline: bool = Field(False, description="never ask a model hub")
    lease_seconds: float = Field(90.0, gt=0, description="a worker silent for this long loses its job")
    heartbeat_seconds: float = Field(10.0, gt=0, description="how often a worker renews its lease and its row")
    max_attempts: int = Field(3, ge=1, description="tries at a job whose worker or process died")
    window: int = Field(4, ge=1, description="jobs published ahead for each live worker")
    republish_seconds: float = Field(30.0, gt=0, description="a published job not claimed by then is published again")
    broker_timeout_seconds: float = Field(10.0, gt=1, description="a broker silent for this long is connected to anew")
    canary_hours: float = Field(24.0, ge=0, description="how often each machine repeats its canary; 0: never")
    task_events: bool = Field(False, description="workers send Celery's events, for Flower and other monitors")
    share_host: bool = Field(False, description="let a GPU job run beside a CPU job; recorded as a doubt")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")

    @classmethod
    def settings_customise_sources(  # the parameters are the library's
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: flags, environment, farm.toml."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def sql_url(self) -> str:
        """Give the database URL, with the embedded SQLite file as the default."""
        return self.database_url or f"sqlite:///{self.data_dir / 'farm.sqlite3'}"

    def spool_dir(self) -> Path:
        """Give the folder in which the workers of this box keep results that could not be settled yet."""
        return self.data_dir / "spool"

    def embedded_database(self) -> bool:
        """Say whether the database is the farm's own SQLite file, which is upgraded without asking."""
        return self.sql_url().startswith("sqlite")

    def environment(self) -> dict[str, str]:
        """Give these settings as FARM_* variables, for processes that the farm starts."""
        wire = self.model_dump(mode="json")
        return {_variable(name): value if isinstance(value, str) else _as_json(value) for name, value in wire.items()}


def read_settings(**flags: object) -> Settings:
    """Read the settings; flags that are None count as not given.

    Raises: BadSetting naming the variable, what was found and what is allowed.
    """
    known = Settings.model_fields
    for variable in os.environ:
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and name not in known:
            raise BadSetting(f"{variable} is not a setting of the farm; {offered(name, known, written=_variable)}")
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [f"{_where(item['loc'])}: {item['msg']} (found {_shown(item['input'])})" for item in error.errors()]
        raise BadSetting("\n".join(lines)) from error


def forget_secrets() -> None:
    """Take the passwords out of this process's environment: what it starts from now on does not inherit them."""
    for name in SECRETS:
        os.environ.pop(f"{PREFIX}{name.upper()}", None)


def _variable(name: str) -> str:
    return f"{PREFIX}{name.upper()}"


def _where(location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "settings"
    return f"{_variable(name)} (or {name} in {FILE})"


def _shown(value: object) -> str:
    """Show a value that is wrong, but no password of a URL in it."""
    return PASSWORD.sub("://***@", repr(value))


def _as_json(value: object) -> str:
    return json.dumps(value)
