"""The settings of the Celery application fit the broker that its URL names, and let nobody in who need not be."""

import ssl

import pytest

from farm.scheduler.address import address, is_redis
from farm.scheduler.queue import RUN_TASK, make_app, only_task


def test_a_redis_gets_the_options_of_its_transport() -> None:
    conf = make_app("redis://:word@host:6379/0", timeout=7).conf
    assert conf.broker_transport_options["socket_timeout"] == 7
    assert conf.broker_transport == "farm.scheduler.transport:Transport"
    assert conf.worker_disable_prefetch


@pytest.mark.parametrize("url", ["amqp://guest:guest@host//", "amqps://guest:guest@host/farm"])
def test_a_broker_of_amqp_gets_none_of_them(url: str) -> None:
    conf = make_app(url, timeout=7).conf
    assert conf.broker_transport_options == {}
    assert conf.broker_transport == "farm.scheduler.amqp:Transport"
    assert not conf.worker_disable_prefetch
    assert conf.broker_heartbeat == 7
    assert (conf.task_acks_late, conf.worker_prefetch_multiplier) == (True, 1)


def nothing(job_id: object) -> None:
    """A task that does nothing."""


@pytest.mark.parametrize("url", ["redis://host", "amqp://host", "redis+socket://:word@%2Ftmp%2Fsocket"])
def test_json_alone_one_task_and_no_remote_control(url: str) -> None:
    app = make_app(url)
    assert (app.conf.accept_content, app.conf.result_backend) == (["json"], None)
    assert not app.conf.worker_enable_remote_control
    only_task(app, nothing)
    assert list(app.tasks) == [RUN_TASK]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://h/0", "redis://h/0"),
        ("rediss://h/0", "rediss://h/0?ssl_cert_reqs=required"),
        ("rediss://h/0?ssl_ca_certs=/ca", "rediss://h/0?ssl_cert_reqs=required&ssl_ca_certs=%2Fca"),
        ("rediss://h/0?ssl_cert_reqs=none", "rediss://h/0?ssl_cert_reqs=none"),
        ("amqp://h//", "amqp://h//"),
    ],
)
def test_tls_to_redis_verifies_unless_told_otherwise(url: str, expected: str) -> None:
    assert address(url) == (expected, None)


def test_tls_to_a_broker_of_amqp_verifies_the_server_and_its_name() -> None:
    plain, tls = address("amqps://u:p@h/v?ssl_ca_certs=/ca&heartbeat=3")
    assert plain == "amqps://u:p@h/v?heartbeat=3"
    assert tls == {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None, "ca_certs": "/ca"}
    assert address("amqps://h//?ssl_cert_reqs=none") == ("amqps://h//", {"cert_reqs": ssl.CERT_NONE})
    with pytest.raises(ValueError, match="ssl_cert_reqs=perhaps in the broker URL; it can be required, optional, none"):
        address("amqps://h//?ssl_cert_reqs=perhaps")


def test_which_brokers_are_redis() -> None:
    assert [is_redis(f"{scheme}://h") for scheme in ("redis", "rediss", "redis+socket", "sentinel", "amqp")] == [
        *(True,) * 4,
        False,
    ]
