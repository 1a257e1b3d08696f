"""The hub's own client against a real HTTP server that answers as the hub does."""

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy
import pytest
from safetensors.numpy import save

Resolve = Callable[..., dict[str, Any]]

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "config.json": json.dumps({"model_type": "bert"}).encode(),
    "tokenizer.json": b"{}",
    "model.safetensors": save({"weight": numpy.ones((2, 3), numpy.float32)}),
    "pytorch_model.bin": b"pickled",
    "1_Pooling/config.json": b'{"pooling": true}',
    "onnx/model.onnx": b"onnx",
    "onnx/tokenizer.json": b'{"onnx": true}',
    "modeling.py": b"print('code')",
}

RESOLVE = """
import json, sys
from pathlib import Path
from farm.contract.errors import JobFailure
from farm.contract.job import ModelReference
from workers import models
told = json.loads(sys.argv[1])
reference = ModelReference(
    name="mine", source="hub", location=told["location"], family="text_embedding", revision=told["revision"]
)
try:
    found = models.resolve(
        reference,
        cache_dir=Path(told["cache_dir"]),
        model_roots=(),
        remote_code=told["remote_code"],
        offline=told["offline"],
    )
    print(json.dumps(found._asdict(), default=str))
except JobFailure as error:
    print(json.dumps({"code": error.code, "message": str(error)}))
"""


class Hub(ThreadingHTTPServer):
    """A hub with one model, `farm/tiny`, at one commit."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.files = dict(FILES)
        self.sizes: dict[str, int] = {}
        self.downloaded: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def size(self, name: str) -> int:
        return self.sizes.get(name, len(self.files[name]))


class Answer(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._file(with_body=False)

    def do_GET(self) -> None:
        if self.path.startswith(f"/api/models/farm/tiny/tree/{COMMIT}"):
            self._tree()
        elif self.path.startswith("/api/models/"):
            self._listing()
        else:
            self._file(with_body=True)

    def _listing(self) -> None:
        repository, _, revision = self.path.partition("?")[0].removeprefix("/api/models/").partition("/revision/")
        if repository != "farm/tiny":
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif revision not in ("", "main", COMMIT):
            self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        else:
            files = [{"rfilename": name, "size": self.server.size(name)} for name in self.server.files]
            self._send(200, json.dumps({"id": repository, "sha": COMMIT, "siblings": files}).encode(), {})

    def _tree(self) -> None:
        """List the files as newer clients ask for them."""
        files = [
            {"type": "file", "path": name, "size": self.server.size(name), "oid": hashlib.sha1(content).hexdigest()}
            for name, content in self.server.files.items()
        ]
        self._send(200, json.dumps(files).encode(), {})

    def _file(self, *, with_body: bool) -> None:
        name = self.path.partition(f"/resolve/{COMMIT}/")[2]
        if name not in self.server.files:
            self._send(404, b"", {})
            return
        content = self.server.files[name]
        if with_body:
            self.server.downloaded.append(name)
        etag = hashlib.sha256(content).hexdigest()
        self._send(200, content, {"X-Repo-Commit": COMMIT, "ETag": f'"{etag}"'}, with_body=with_body)

    def _send(self, status: int, body: bytes, headers: dict[str, str], *, with_body: bool = True) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def resolve(hub: Hub, tmp_path: Path) -> Resolve:
    """Resolve in a fresh process: the hub's client reads its address when it is imported."""

    def ask(
        location: str = "farm/tiny",
        *,
        revision: str | None = None,
        remote_code: Sequence[str] = (),
        offline: bool = False,
        url: str | None = None,
    ) -> dict[str, Any]:
        told = {
            "location": location,
            "revision": revision,
            "remote_code": list(remote_code),
            "offline": offline,
            "cache_dir": str(tmp_path / "cache"),
        }
        environment = {
            "HF_ENDPOINT": url or hub.url,
            "HF_HOME": str(tmp_path / "hub"),
            "PYTHONPATH": ":".join(sys.path),
        }
        command = [sys.executable, "-c", RESOLVE, json.dumps(told)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return ask


def test_a_hub_model_is_fetched_at_a_commit_without_pickle_or_code(hub: Hub, resolve: Resolve) -> None:
    found = resolve()
    assert found["revision"] == COMMIT
    assert found["parameters"] == 6
    assert found["published_parameters"] is None
    assert found["seconds"] > 0.0
    expected = ["1_Pooling/config.json", "config.json", "model.safetensors", "tokenizer.json"]
    assert sorted(hub.downloaded) == expected
    here = Path(found["path"])
    assert sorted(path.relative_to(here).as_posix() for path in here.rglob("*") if path.is_file()) == expected


def test_a_model_that_is_here_is_not_fetched_again(hub: Hub, resolve: Resolve) -> None:
    first = resolve()
    hub.downloaded.clear()
    assert resolve() == {**first, "seconds": 0.0}
    assert hub.downloaded == []


def test_a_pinned_commit_is_the_same_model(resolve: Resolve) -> None:
    assert resolve(revision=COMMIT)["key"] == resolve()["key"]


def test_a_model_the_hub_does_not_have_is_not_found(resolve: Resolve) -> None:
    told = resolve("farm/other")
    assert told["code"] == "model_not_found"
    assert "farm/other" in told["message"]
    assert "local folder" in told["message"]


def test_an_impossible_name_is_not_found(resolve: Resolve) -> None:
    assert resolve("a/b/c")["code"] == "model_not_found"


def test_an_unknown_revision_is_not_found(resolve: Resolve) -> None:
    told = resolve(revision="v9")
    assert told["code"] == "model_not_found"
    assert "no revision 'v9'" in told["message"]


def test_an_unreachable_hub_names_the_model_and_the_way_out(resolve: Resolve) -> None:
    told = resolve(url="http://127.0.0.1:9")
    assert told["code"] == "model_unreachable"
    assert "farm/tiny" in told["message"]
    assert "models: [./folder]" in told["message"]


def test_an_unreachable_hub_does_not_matter_when_the_model_is_here(resolve: Resolve) -> None:
    first = resolve()
    assert resolve(url="http://127.0.0.1:9") == {**first, "seconds": 0.0}


def test_offline_nothing_is_asked(hub: Hub, resolve: Resolve) -> None:
    told = resolve(offline=True)
    assert told["code"] == "model_unreachable"
    assert "FARM_OFFLINE" in told["message"]
    first = resolve()
    assert resolve(offline=True, url="http://127.0.0.1:9") == {**first, "seconds": 0.0}


def test_pickle_weights_alone_are_unsafe_and_nothing_is_downloaded(hub: Hub, resolve: Resolve) -> None:
    del hub.files["model.safetensors"]
    told = resolve()
    assert told["code"] == "unsafe_model"
    assert "pytorch_model.bin" in told["message"]
    assert hub.downloaded == []


def test_a_model_larger_than_the_memory_is_not_downloaded(hub: Hub, resolve: Resolve) -> None:
    hub.sizes["model.safetensors"] = 3 << 40
    told = resolve()
    assert told["code"] == "out_of_memory"
    assert "3072.0 GiB" in told["message"]
    assert hub.downloaded == []


def test_a_models_own_code_comes_only_when_the_operator_allows_it(hub: Hub, resolve: Resolve) -> None:
    hub.files["config.json"] = json.dumps({"model_type": "bert", "auto_map": {"AutoModel": "modeling.Mine"}}).encode()
    assert resolve()["code"] == "unsafe_model"
    assert "modeling.py" not in hub.downloaded
    found = resolve(remote_code=("farm/tiny",))
    assert (Path(found["path"]) / "modeling.py").is_file()
