"""The view `measured`: one row for each result and metric, for people with SQL tools of their own.

A later migration that changes a column it reads drops it first and makes it again.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

VIEW = """
CREATE VIEW measured AS
SELECT
    attempt.public_id AS result,
    attempt.finished_at AS finished_at,
    sweep.public_id AS sweep,
    sweep.name AS sweep_name,
    job.model AS model,
    job.family AS family,
    job.platform AS platform,
    job.precision AS precision,
    job.scenario AS scenario,
    job.batch_size AS batch_size,
    job.sequence_length AS sequence_length,
    job.new_tokens AS new_tokens,
    {options} AS options,
    job.fingerprint AS fingerprint,
    machine.name AS machine,
    machine.fingerprint AS machine_fingerprint,
    CASE WHEN job.platform = 'fake' THEN 'fake' ELSE attempt.verdict END AS verdict,
    (SELECT {joined} FROM doubt WHERE doubt.attempt_id = attempt.id) AS doubts,
    measurement.metric AS metric,
    measurement.unit AS unit,
    measurement.n AS n,
    measurement.mean AS mean,
    measurement.median AS median,
    measurement.minimum AS minimum,
    measurement.maximum AS maximum,
    measurement.stddev AS stddev,
    measurement.p90 AS p90,
    measurement.p95 AS p95,
    measurement.p99 AS p99,
    measurement.ci_low AS ci_low,
    measurement.ci_high AS ci_high,
    measurement.repeats AS repeats,
    measurement.between_stddev AS between_stddev
FROM measurement
JOIN attempt ON attempt.id = measurement.attempt_id
JOIN job ON job.id = attempt.job_id
JOIN sweep ON sweep.id = job.sweep_id
JOIN machine ON machine.id = attempt.machine_id
WHERE attempt.state = 'done'
"""
SQLITE = {"options": "json_extract(job.spec, '$.options')", "joined": "group_concat(doubt.kind, ', ')"}
POSTGRESQL = {"options": "job.spec -> 'options'", "joined": "string_agg(doubt.kind, ', ')"}


def upgrade() -> None:
    op.execute(VIEW.format(**(SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL)))


def downgrade() -> None:
    op.execute("DROP VIEW measured")
