"""Broker and database over TLS, with passwords: what is right works, and what is wrong says so without the password."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Queue
from sqlalchemy import make_url, text

from farm.contract.errors import NoBroker, NoDatabase
from farm.database.engine import open_engine, read
from farm.local.broker import check_broker
from farm.scheduler.queue import make_app, publish
from tests.services import PostgresServer, ValkeyServer
from tests.tls import Front, tls_front


@pytest.fixture(scope="module")
def redis_front(_valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with tls_front(tmp_path_factory.mktemp("tls"), port=_valkey.port) as front:
        yield front


@pytest.fixture(scope="module")
def postgres_front(_postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with tls_front(tmp_path_factory.mktemp("tls"), socket=_postgres.socket()) as front:
        yield front


def broker_url(front: Front, password: str, *, ca: Path | None, scheme: str = "rediss", host: str = "localhost") -> str:
    query = f"?ssl_ca_certs={ca}" if ca else ""
    return f"{scheme}://:{password}@{host}:{front.port}/0{query}"


def test_messages_travel_over_tls_that_is_verified(redis_front: Front, _valkey: ValkeyServer) -> None:
    url = broker_url(redis_front, _valkey.password, ca=redis_front.authority)
    check_broker(url)
    app = make_app(url)
    publish(app, [("farm.v1.tls", 12)])
    with app.connection_for_read() as connection:
        message = Queue("farm.v1.tls", routing_key="farm.v1.tls")(connection).get()
        assert message is not None
        assert message.payload[0] == [12]
        message.ack()


@pytest.mark.parametrize(
    ("ca", "scheme", "host", "words"),
    [
        ("stranger", "rediss", "localhost", "certificate verify failed"),
        (None, "rediss", "localhost", "certificate verify failed"),
        ("authority", "rediss", "127.0.0.1", "certificate verify failed"),
        (None, "redis", "localhost", "."),
    ],
)
def test_a_broker_that_is_not_who_it_should_be_is_refused(
    redis_front: Front, _valkey: ValkeyServer, ca: str | None, scheme: str, host: str, words: str
) -> None:
    url = broker_url(
        redis_front, _valkey.password, ca=getattr(redis_front, ca) if ca else None, scheme=scheme, host=host
    )
    with pytest.raises(NoBroker, match=rf"(?s)no broker at {scheme}://:\*\*@.*: .*{words}") as caught:
        check_broker(url)
    assert _valkey.password not in str(caught.value)


def test_a_wrong_password_over_tls_is_told_as_such(redis_front: Front) -> None:
    with pytest.raises(NoBroker, match=r"(?i)(password|auth)") as caught:
        check_broker(broker_url(redis_front, "hunter2", ca=redis_front.authority))
    assert "hunter2" not in str(caught.value)


@pytest.fixture(scope="module")
def role(_postgres: PostgresServer) -> str:
    """Give the name of a role that must say its password."""
    return _postgres.role("hunter3")


def database_url(front: Front, url: str, role: str, *, password: str = "hunter3", **query: str) -> str:
    name = make_url(url).database
    plain = make_url(f"postgresql://{role}:{password}@localhost:{front.port}/{name}")
    return plain.update_query_dict(query).render_as_string(hide_password=False)


def test_a_database_is_reached_over_tls_that_is_verified(postgres_front: Front, postgres_url: str, role: str) -> None:
    query = {"sslmode": "verify-full", "sslrootcert": str(postgres_front.authority)}
    engine = open_engine(database_url(postgres_front, postgres_url, role, **query))
    with read(engine) as session:
        assert session.execute(text("SELECT current_user")).scalar_one() == role
    engine.dispose()


@pytest.mark.parametrize(
    ("mode", "ca", "password", "words"),
    [
        ("verify-full", "stranger", "hunter3", "certificate verify failed"),
        ("verify-full", "authority", "hunter2", "password authentication failed"),
        ("disable", "authority", "hunter3", "closed the connection"),
    ],
)
def test_a_database_that_cannot_be_trusted_or_entered_says_why(
    postgres_front: Front, postgres_url: str, role: str, mode: str, ca: str, password: str, words: str
) -> None:
    query = {"sslmode": mode, "sslrootcert": str(getattr(postgres_front, ca))}
    with pytest.raises(NoDatabase, match=rf"no database at postgresql.*:\*\*\*@localhost.*{words}") as caught:
        open_engine(database_url(postgres_front, postgres_url, role, password=password, **query))
    assert password not in str(caught.value)
