"""docker-compose.yml is valid by the compose specification, has no default secrets, and runs commands that exist."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from compose_spec import PyCompose
from ruamel.yaml import YAML

from farm.local.broker import find_server
from tests.flow.test_farm import SERVICES, UPGRADE

ROOT = Path(__file__).parents[1]
SECRETS = {"REDIS_PASSWORD": "r3dis", "POSTGRES_PASSWORD": "p0stgres"}
FARM = ("migrate", "scheduler", "worker-cpu", "worker-openvino", "worker-cuda")
VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<word>[^}]*))?\})")


def interpolated(variables: dict[str, str]) -> str:
    """Put variables in as compose does: `$$`, `${NAME}`, `${NAME:-default}` and `${NAME:?message}`."""

    def value(match: re.Match[str]) -> str:
        name, kind, word = match["name"], match["kind"], match["word"]
        if name is None:
            return "$"
        if variables.get(name):
            return variables[name]
        if kind == "?":
            raise KeyError(f"{name}: {word}")
        return word or ""

    lines = (ROOT / "docker-compose.yml").read_text().splitlines()
    return VARIABLE.sub(value, "\n".join(line for line in lines if not line.lstrip().startswith("#")))


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Give the services as compose sees them: variables put in, merge keys resolved, the whole file valid."""
    whole = YAML(typ="safe").load(interpolated(SECRETS))
    PyCompose.from_json(json.dumps(whole)).validate()
    found: dict[str, Any] = whole["services"]
    return found


def test_it_is_valid_and_has_every_role(services: dict[str, Any]) -> None:
    assert set(services) == {"redis", "postgres", *FARM}


@pytest.mark.parametrize("name", SECRETS)
def test_it_does_not_start_without_a_secret(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        interpolated({other: word for other, word in SECRETS.items() if other != name})


@pytest.mark.parametrize("name", FARM)
def test_the_commands_are_commands_of_the_farm(services: dict[str, Any], name: str) -> None:
    program, *words = services[name]["command"]
    assert program == "farm"
    command = [sys.executable, "-c", "from farm.cli import main; main()", *words, "--help"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert "Usage" in finished.stdout


def test_the_commands_are_those_that_the_flow_test_runs(services: dict[str, Any]) -> None:
    commands = {name: tuple(services[name]["command"][1:]) for name in FARM}
    assert commands.pop("worker-cuda") == ("worker", "--platform", "cuda")
    assert set(commands.values()) == {UPGRADE, *SERVICES}


def test_the_health_check_of_the_scheduler_is_a_command_of_the_farm(services: dict[str, Any]) -> None:
    kind, program, *words = services["scheduler"]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "farm")
    command = [sys.executable, "-c", "from farm.cli import main; main()", *words, "--help"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("name", FARM)
def test_an_image_is_built_from_a_target_of_the_dockerfile(services: dict[str, Any], name: str) -> None:
    targets = re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert services[name]["build"]["target"] in targets


def test_what_the_dockerfile_copies_is_not_ignored() -> None:
    let_in = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = re.findall(r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    sources = {source.partition("/")[0] for line in copied for source in line.split()} - {"."}
    assert sources <= set(let_in)
    assert all((ROOT / name).exists() for name in let_in)


def test_nothing_runs_as_root_or_listens_to_the_world_by_default(services: dict[str, Any]) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert dockerfile.count("\nUSER farm\n") == dockerfile.count("\nFROM base AS ")
    assert (services["redis"]["user"], services["postgres"]["user"]) == ("valkey", "postgres")
    for service in services.values():
        assert "no-new-privileges:true" in service["security_opt"]
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))


def test_workers_of_a_host_share_its_name_its_lock_and_its_models(services: dict[str, Any]) -> None:
    workers = [services[name] for name in FARM if name.startswith("worker")]
    assert {worker["hostname"] for worker in workers} == {"farm-host"}
    assert all({"worker-tmp:/tmp", "models:/cache"} <= set(map(str, worker["volumes"])) for worker in workers)


def test_a_gpu_is_asked_for_only_by_its_own_profile(services: dict[str, Any]) -> None:
    asking = {name for name, service in services.items() if service.get("deploy")}
    assert asking == {"worker-cuda"}
    assert services["worker-cuda"]["profiles"] == ["cuda"]
    (device,) = services["worker-cuda"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]


def test_the_brokers_command_starts_a_server_that_wants_the_password(services: dict[str, Any], tmp_path: Path) -> None:
    shell, option, script = services["redis"]["command"]
    assert script.count("dir /data") == 1
    script = script.replace("dir /data", f"dir {tmp_path}\nport 0\nunixsocket {tmp_path}/socket")
    script = script.replace("valkey-server", str(find_server()))
    with subprocess.Popen(
        [shell, option, script], env={"PASSWORD": SECRETS["REDIS_PASSWORD"]}, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        for line in server.stdout:
            if "ready to accept connections" in line.lower():
                break
        arguments = Path(f"/proc/{server.pid}/cmdline").read_text() if Path("/proc").is_dir() else ""
        server.terminate()
        assert server.wait(10) == 0
    assert SECRETS["REDIS_PASSWORD"] not in arguments
