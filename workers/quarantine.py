"""A worker whose machine is quarantined rests: it leaves its queues, offers canaries alone, and its reason is shown.

In: what the scheduler's rules say of the machine, at every heartbeat. Out: the worker's row, and its subscription.
"""

from typing import Any

import structlog
from sqlalchemy.orm import Session

from farm.contract.canary import at_rest
from farm.contract.machine import PlatformStatus
from farm.contract.requirement import Offer
from farm.scheduler.canary import drifting
from farm.scheduler.quarantine import quarantined
from farm.scheduler.register import Registration, offer_anew
from workers.subscription import Subscription

log = structlog.get_logger()


class Quarantine:
    """Looks after one worker."""

    def __init__(
        self,
        registration: Registration,
        offer: Offer,
        *,
        platforms: tuple[PlatformStatus, ...],
        subscription: Subscription,
    ) -> None:
        """Begin with a worker that registered with this offer and these platforms."""
        self._registration = registration
        self._offer = offer
        self._platforms = platforms
        self._subscription = subscription

    def look(self, session: Session) -> str | None:
        """Write what the worker offers now; give the reason why that is next to nothing, if it is."""
        reason = quarantined(session, self._registration.machine_id) or drifting(session, self._offer)
        if reason is not None:
            closed = {"available": False, "reason": reason}
            platforms = tuple(status.model_copy(update=closed) for status in self._platforms)
            offer_anew(session, self._registration.worker_id, at_rest(self._offer), platforms=platforms)
        elif self._subscription.resting:
            offer_anew(session, self._registration.worker_id, self._offer, platforms=self._platforms)
        return reason

    def heed(self, reason: str | None, worker: Any) -> None:
        """Leave the queues, or come back to them, once that is written."""
        if reason is not None and not self._subscription.resting:
            log.warning("this worker takes no more jobs", reason=reason)
            self._subscription.rest(worker)
        elif reason is None and self._subscription.resting:
            log.info("this worker takes jobs again")
            self._subscription.resume(worker)
