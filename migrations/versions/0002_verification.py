"""Verifications: the evidence of a result, gathered again by a job of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "verification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=255), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name="fk_verification_attempt_id_attempt"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_verification_job_id_job"),
        sa.PrimaryKeyConstraint("id", name="pk_verification"),
        sa.UniqueConstraint("job_id", name="uq_verification_job_id"),
    )
    op.create_index("ix_verification_attempt_id", "verification", ["attempt_id"])


def downgrade() -> None:
    op.drop_table("verification")
