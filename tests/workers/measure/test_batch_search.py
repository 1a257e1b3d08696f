"""The search of a batch size, on scripted rates and memory."""

from collections.abc import Callable

import pytest

from workers.measure import batch_search
from workers.measure.batch_search import BatchSearch, Search, Try, doublings

GIB = 2.0**30


def searched(
    rate: Callable[[int], float],
    *,
    among: tuple[int, int] = (1, 64),
    memory: Callable[[int], float] = lambda size: size * GIB,
    limit: float | None = None,
    refuses: Callable[[int], str] = lambda size: "",
    tries: int = 1000,
) -> BatchSearch:
    def attempt(size: int) -> Try:
        nonlocal tries
        tries -= 1
        if why := refuses(size):
            return Try(size, None, None, why, "as scripted")
        return Try(size, rate(size), memory(size))

    return Search(attempt, limit=limit, out_of_time=lambda: tries <= 0).run(*among)


def sizes(found: BatchSearch) -> list[int]:
    return [one.batch_size for one in found.tried]


def best(found: BatchSearch) -> int:
    assert found.best is not None
    return found.best.batch_size


def test_the_range_is_doubled_and_its_end_is_always_tried() -> None:
    assert [*doublings(1, 48)] == [1, 2, 4, 8, 16, 32, 48]
    assert [*doublings(3, 3)] == [3]


def test_a_rate_that_grows_with_the_batch_takes_the_largest() -> None:
    found = searched(lambda size: 100 * size**0.5)
    assert (best(found), found.ended) == (64, batch_search.WHOLE_RANGE)
    assert sizes(found) == [1, 2, 4, 8, 16, 32, 64]


def test_a_peak_between_two_doublings_is_found() -> None:
    found = searched(lambda size: 1000 / (1 + ((size - 12) / 4) ** 2))
    assert (best(found), found.ended) == (12, batch_search.FALLING)
    assert 64 not in sizes(found)


def test_of_sizes_that_are_as_good_the_smallest_wins() -> None:
    assert best(searched(lambda size: min(size, 8) * 100 + size * 0.01)) == 8


@pytest.mark.parametrize("limit", [8, 13, 16, 63])
def test_memory_bounds_the_batch_and_the_room_below_the_limit_is_used(limit: int) -> None:
    ran: list[int] = []
    found = searched(lambda size: ran.append(size) or 100.0 * size, limit=limit * GIB)  # type: ignore[func-returns-value]
    assert found.ended == batch_search.MEMORY_LIMIT
    assert limit * 0.85 <= best(found) <= limit
    assert max(ran) <= limit  # what would not fit is foreseen and never run
    assert all(one.refused == batch_search.MEMORY_LIMIT for one in found.tried if one.batch_size > limit)


def test_memory_that_jumps_is_seen_when_it_happens() -> None:
    found = searched(lambda size: 100.0 * size, memory=lambda size: GIB * (1 if size < 8 else 50), limit=9 * GIB)
    assert found.ended == batch_search.MEMORY_LIMIT
    assert best(found) == 7


def test_running_out_of_memory_ends_the_doubling_and_the_largest_that_fits_is_found() -> None:
    found = searched(lambda size: 100.0 * size, refuses=lambda size: "memory ran out" if size >= 16 else "")
    assert found.ended == batch_search.OUT_OF_MEMORY
    assert 14 <= best(found) < 16
    assert [one.refused for one in found.tried if one.batch_size == 16] == [batch_search.OUT_OF_MEMORY]


def test_a_runtime_of_one_size_keeps_it() -> None:
    found = searched(lambda size: 100.0, refuses=lambda size: batch_search.REFUSED if size > 1 else "")
    assert (best(found), found.ended, sizes(found)) == (1, batch_search.REFUSED, [1, 2])


def test_where_not_even_the_least_fits_there_is_no_best() -> None:
    found = searched(lambda size: 100.0, limit=GIB / 2)
    assert found.best is None
    assert (sizes(found), found.ended) == ([1], batch_search.MEMORY_LIMIT)


def test_a_search_ends_with_its_time_and_takes_the_best_so_far() -> None:
    found = searched(lambda size: 100.0 * size, tries=3)
    assert (best(found), found.ended, sizes(found)) == (4, batch_search.NO_TIME, [1, 2, 4])
