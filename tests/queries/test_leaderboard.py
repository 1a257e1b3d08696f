"""Places are told by intervals: who cannot be told apart shares one, and who is doubted has none."""

from datetime import UTC, datetime

from farm.queries.leaderboard import boards
from tests.queries.rows import row


def test_those_who_cannot_be_told_apart_share_a_place() -> None:
    rows = [
        row(latency=0.040, half_width=0.001),
        row(latency=0.011, half_width=0.001, precision="bf16"),
        row(latency=0.010, half_width=0.001, platform="openvino"),
        row(latency=0.020, half_width=0.001, machine="other", machine_fingerprint="o"),
        row(latency=0.001, half_width=0.0001, platform="openvino", precision="bf16", doubts=("noisy_host",)),
        row(latency=0.001, platform="cuda", verdict="mock"),
    ]
    (board,) = boards(rows)
    assert [(place.row.variant(), place.row.machine, place.place) for place in board.places] == [
        ("openvino fp32", "box", 1),
        ("cpu bf16", "box", 1),
        ("cpu fp32", "other", 3),
        ("cpu fp32", "box", 4),
        ("openvino bf16", "box", None),
    ]


def test_of_several_results_the_newest_undoubted_one_stands() -> None:
    def day(number: int) -> datetime:
        return datetime(2026, 1, number, tzinfo=UTC)

    rows = [
        row(latency=0.3, finished_at=day(1)),
        row(latency=0.2, finished_at=day(2)),
        row(latency=0.1, finished_at=day(3), doubts=("drifting",)),
    ]
    ((place,),) = (board.places for board in boards(rows))
    assert (place.figure.figure, place.results, place.place) == (0.2, 3, 1)


def test_other_work_has_a_board_of_its_own() -> None:
    found = boards([row(), row(batch_size=8), row(model="a-model")])
    assert [(board.model, board.settings) for board in found] == [
        ("a-model", "batch 1, tokens 128"),
        ("minilm", "batch 1, tokens 128"),
        ("minilm", "batch 8, tokens 128"),
    ]
