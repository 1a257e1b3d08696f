"""The Celery application: how job ids travel, each setting with its reason."""

from collections.abc import Callable, Iterable
from itertools import groupby
from operator import itemgetter
from typing import Final

from amqp.exceptions import AMQPError
from celery import Celery
from kombu import Queue
from kombu.exceptions import BatchPublishError, OperationalError
from redis.exceptions import RedisError

from farm.scheduler.address import address, is_redis

RUN_TASK: Final = "farm.run"
KEY_PREFIX: Final = "farm:"
BROKER_TIMEOUT: Final = 10.0  # seconds; longer than the 1 s that BRPOP blocks
LONGEST_JOB: Final = 24 * 3600  # seconds
PER_TRIP: Final = 500  # messages
#: What publishing raises when the broker is out of reach.
UNREACHABLE: Final = (OperationalError, BatchPublishError, RedisError, AMQPError, OSError)
UNROUTABLE: Final = "farm.v1.unroutable"


def make_app(broker_url: str, *, timeout: float = BROKER_TIMEOUT) -> Celery:
    """Make the application for one broker. Control plane and workers use the same one.

    A broker that is silent for `timeout` seconds is connected to anew.
    """
    there = address(broker_url)
    app = Celery("farm", broker=there.url, set_as_current=False)
    app.conf.update(
        broker_use_ssl=there.tls,
        # A message is a job id. JSON only, and no result backend: SQL keeps the results.
        task_serializer="json",
        accept_content=["json"],
        event_serializer="json",
        result_backend=None,
        task_ignore_result=True,
        # A message is a hint: the claim in SQL decides. Acknowledged late (RabbitMQ), a worker reserves no second job.
        task_acks_late=True,
        task_acks_on_failure=True,
        task_acks_on_timeout=True,
        task_reject_on_worker_lost=False,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=is_redis(broker_url),  # others reserve no second job anyway
        # Whoever reaches the broker could stop workers, add queues or look into them. What is live, SQL tells.
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # The job runs in a child process of its own, which a daemonic prefork child could not start.
        worker_pool="threads",
        worker_concurrency=1,
        # A stranger's task that is to run later would be kept in memory until then; no task of the farm is.
        worker_eta_task_limit=1,
        # A misspelt queue is an error, not a queue that nobody reads.
        task_create_missing_queues=False,
        task_default_queue=UNROUTABLE,
        task_queues=[task_queue(UNROUTABLE, broker_url)],
        # A half-open connection makes a worker deaf unless every socket call can time out.
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=5,
        broker_heartbeat=timeout,  # of AMQP; the Redis transport has none and takes socket_timeout
        broker_transport=_transport(broker_url),
        broker_transport_options=_transport_options(broker_url, timeout=timeout),
        task_publish_retry=True,
        task_publish_retry_policy={"max_retries": 3, "interval_start": 0, "interval_step": 0.5, "interval_max": 2},
        # Soft shutdown crashes the thread pool; stopping is the worker's own affair.
        worker_soft_shutdown_timeout=0,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,  # one more message a move; a worker's setting
    )
    return app


def task_queue(name: str, broker_url: str) -> Queue:
    """Name a queue to consume from.

    On Redis nothing is acknowledged. A worker takes one message at a time, so that one whose acknowledgement got lost,
    because the broker hung for a moment, would wait for ever until it may take the next. What is lost with a worker is
    published again anyway. RabbitMQ hands out one message at a time only where they are acknowledged; it ends a
    connection that is out of step.
    """
    return Queue(name, routing_key=name, no_ack=not acknowledges(broker_url))


def only_task(app: Celery, run: Callable[[object], None], **options: object) -> None:
    """Make `run` the one task of a worker. Celery's own ones call others: any stranger could name them."""
    app.finalize()
    for name in list(app.tasks):
        app.tasks.unregister(name)
    app.task(name=RUN_TASK, ignore_result=True, **options)(run)


def publish(app: Celery, messages: Iterable[tuple[str, int]]) -> None:
    """Send job ids, each to its queue; where the broker can (Redis), those of a queue travel together.

    Raises: one of UNREACHABLE; how many of them arrived is then unknown.
    """
    with app.producer_or_acquire() as producer:
        for name, of_queue in groupby(messages, key=itemgetter(0)):
            queue = Queue(name, routing_key=name)
            # A batch for each queue: its declaration may connect anew, which a batch under way would not bear.
            with producer.batch(max_size=PER_TRIP):
                for _, job_id in of_queue:
                    app.send_task(RUN_TASK, args=(job_id,), queue=queue, ignore_result=True, producer=producer)


def _transport(broker_url: str) -> str | None:
    """Name the transport that bears what is no message; None for kombu's own, by the scheme of the URL."""
    return "farm.scheduler.transport:Transport" if broker_url.startswith(("redis://", "rediss://")) else None


def acknowledges(broker_url: str) -> bool:
    """Say whether workers acknowledge the messages of this broker."""
    return not is_redis(broker_url)


def _transport_options(broker_url: str, *, timeout: float) -> dict[str, object]:
    """Give the options of Redis transports; other brokers (RabbitMQ) know none of them."""
    if not is_redis(broker_url):
        return {}
    return {
        "socket_timeout": timeout,
        "socket_connect_timeout": min(5.0, timeout),
        "socket_keepalive": True,
        "health_check_interval": timeout / 2,  # an overdue answer is looked for this often, and is one after as long
        "visibility_timeout": LONGEST_JOB,  # recovery never depends on it
        "global_keyprefix": KEY_PREFIX,
        "priority_steps": [0],  # priority lives in SQL
    }
