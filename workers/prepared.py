"""Which cells have been prepared: a mark on disk for each, so that a job whose parts are all cached forks only once.

A mark is a hint. A measuring process that was started on its word may make nothing: what it misses it reports as
NotPrepared, and then the job is prepared after all.
"""

from contextlib import suppress
from pathlib import Path
from typing import Final

from farm.contract.job import JobSpec
from farm.contract.value import digest

KIND: Final = "prepared"
#: What does not change what is prepared.
BESIDE: Final = {"measure", "timeout", "requirement", "scenario", "throughput", "server"}


class Prepared:
    """The marks of one environment."""

    def __init__(self, cache_dir: Path, environment: str) -> None:
        """Keep the marks in `cache_dir`; other software versions, given by their fingerprint, have other marks."""
        self._folder = cache_dir / KIND
        self._environment = environment

    def has(self, spec: JobSpec) -> bool:
        """Say whether a cell was prepared before.

        A hub model never counts: it may have moved on since. Nor does a batch that is searched: its reference is made
        when it is found.
        """
        return spec.model.source != "hub" and not spec.searches_batch() and self._mark(spec).is_dir()

    def note(self, spec: JobSpec) -> None:
        """Remember that a cell is prepared; where the disk is full, it is prepared again."""
        with suppress(OSError):
            self._mark(spec).mkdir(parents=True, exist_ok=True)

    def forget(self, spec: JobSpec) -> None:
        """Take a mark back that was wrong."""
        if self._mark(spec).is_dir():
            self._mark(spec).rmdir()

    def _mark(self, spec: JobSpec) -> Path:
        return self._folder / digest([self._environment, spec.model_dump(mode="json", exclude=BESIDE)])
