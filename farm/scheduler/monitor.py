"""The Celery application for monitors, which ask for it by name: `celery --app farm.scheduler.monitor flower`.

In: the settings, read when it is imported. Out: `app`.
"""

from typing import Final

from celery import Celery

from farm.contract.errors import NoBroker
from farm.scheduler.queue import make_app
from farm.settings import read_settings


def _app() -> Celery:
    settings = read_settings()
    if not settings.broker_url:
        raise NoBroker("a monitor needs a broker to look at: set FARM_BROKER_URL")
    made = make_app(settings.broker_url, timeout=settings.broker_timeout_seconds)
    made.conf.broker_transport = None  # it reads events: the farm's own transport lets nothing but jobs through
    return made


app: Final = _app()
