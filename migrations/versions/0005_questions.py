"""Indices of the questions about results; every verdict is judged again, by the rules of this revision.

The newest results, and those of a verdict, are found without looking at the others; the medians of one metric lie
together, in the order of the attempts. A later change of the rules in `farm.contract.judge` judges again, as here.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

#: Real: every layer passed somewhere and failed nowhere. A damning failure shows another computation.
JUDGED_AGAIN = """
UPDATE attempt SET verdict = CASE
    WHEN EXISTS (
        SELECT 1 FROM evidence WHERE evidence.attempt_id = attempt.id AND evidence.outcome = 'fail'
        AND evidence.layer IN ('identity', 'agreement')
    ) THEN 'mock'
    WHEN EXISTS (
        SELECT 1 FROM evidence WHERE evidence.attempt_id = attempt.id AND evidence.outcome = 'fail'
    ) THEN 'suspect'
    WHEN (
        SELECT count(DISTINCT evidence.layer) FROM evidence
        WHERE evidence.attempt_id = attempt.id AND evidence.outcome = 'pass'
    ) = 5 THEN 'real'
    ELSE 'suspect'
END
WHERE verdict IS NOT NULL
"""


def upgrade() -> None:
    op.execute(JUDGED_AGAIN)
    op.create_index("ix_attempt_state_id", "attempt", ["state", "id"])
    op.create_index("ix_attempt_state_verdict_id", "attempt", ["state", "verdict", "id"])
    op.create_index("ix_measurement_metric_attempt_id_median", "measurement", ["metric", "attempt_id", "median"])


def downgrade() -> None:
    op.drop_index("ix_measurement_metric_attempt_id_median", "measurement")
    op.drop_index("ix_attempt_state_verdict_id", "attempt")
    op.drop_index("ix_attempt_state_id", "attempt")
