"""The database for people with Python: results as rows, data frames or Arrow tables. It only reads.

from farm import History

with History("postgresql://farm@db/farm") as history:
    rows = history.results(model="minilm", where=["batch_size>=8"], since="7d")
    frame = history.frame(metrics=["latency", "throughput"], platform="openvino")
    samples = history.samples(rows[0].attempt)["latency"]
"""

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from farm.contract.errors import EnvironmentFault
from farm.database import migrate
from farm.database.engine import open_engine, read
from farm.queries.compare import DEFAULT_METRICS, DEFAULT_THRESHOLD, Comparison, compare
from farm.queries.fields import known_metrics
from farm.queries.flat import flat_rows
from farm.queries.observations import Processes
from farm.queries.question import Question, asked
from farm.queries.results import ResultDetail, ResultRow, find_result, find_results
from farm.queries.sides import side_of
from farm.queries.sorting import order_of
from farm.queries.trend import Trend, find_changes
from farm.settings import read_settings

if TYPE_CHECKING:
    import pandas
    import pyarrow

Words = Sequence[str]


class History:
    """Asks one database; every answer is read in a transaction that cannot write."""

    def __init__(self, url: str | None = None) -> None:
        """Open a database: sqlite:///FILE or postgresql://..., else the one of the settings.

        Raises: NoDatabase, DatabaseBehind, DatabaseNewer.
        """
        self._engine = open_engine(url or read_settings().sql_url())
        migrate.check(self._engine)

    def results(
        self,
        *,
        since: str | None = None,
        until: str | None = None,
        label: Words = (),
        where: Words = (),
        sort: str | None = None,
        metrics: Words | None = None,
        limit: int | None = None,
        **filters: str,
    ) -> list[ResultRow]:
        """Give results, the newest first: the words are those of `farm results`.

        Raises: UnknownName for a word that is none, UserMistake for what cannot be read.
        """
        with read(self._engine) as session:
            which = asked(session, Question(filters, since, until, tuple(label), tuple(where)))
            order = order_of(sort) if sort else None
            only = None if metrics is None else known_metrics(metrics)
            return find_results(session, {}, also=which, order=order, metrics=only, limit=limit)

    def result(self, public_id: str) -> ResultDetail:
        """Give everything about one result, by its id or its job's.

        Raises: UnknownName.
        """
        with read(self._engine) as session:
            return find_result(session, public_id)

    def samples(self, public_id: str) -> dict[str, Processes]:
        """Give the raw samples of one result: for each metric, those of each process.

        Raises: UnknownName.
        """
        return self.result(public_id).samples

    def compare(
        self, first: str, second: str, *, metrics: Words = DEFAULT_METRICS, threshold: float = DEFAULT_THRESHOLD
    ) -> Comparison:
        """Compare two sides in the words of `farm compare`.

        Raises: UserMistake.
        """
        with read(self._engine) as session:
            sides = side_of(session, first), side_of(session, second)
            return compare(session, *sides, metrics=known_metrics(metrics), threshold=threshold)

    def trend(self, *, metrics: Words = DEFAULT_METRICS, since: str | None = None, **filters: str) -> Trend:
        """Find the changes of every history in the words of `farm trend`.

        Raises: UserMistake.
        """
        with read(self._engine) as session:
            return find_changes(session, asked(session, Question(filters, since)), metrics=known_metrics(metrics))

    def frame(self, **question: Any) -> "pandas.DataFrame":
        """Give results as a pandas data frame, a row for each result and metric; the words are those of `results`.

        Raises: EnvironmentFault where pandas is not installed.
        """
        try:
            import pandas  # noqa: PLC0415 - an option of those who ask for it
        except ModuleNotFoundError as error:
            raise _missing("pandas") from error
        return pandas.DataFrame(flat_rows(self.results(**question)))

    def arrow(self, **question: Any) -> "pyarrow.Table":
        """Give the same as an Arrow table.

        Raises: EnvironmentFault where pyarrow is not installed.
        """
        try:
            import pyarrow  # noqa: PLC0415 - an option of those who ask for it
        except ModuleNotFoundError as error:
            raise _missing("pyarrow") from error
        return pyarrow.Table.from_pylist(flat_rows(self.results(**question)))

    def close(self) -> None:
        """Let the database go."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        """Use it in a `with`."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the database go."""
        self.close()


def _missing(package: str) -> EnvironmentFault:
    return EnvironmentFault(f"this needs {package}: pip install 'benchmark-farm[history]'")
