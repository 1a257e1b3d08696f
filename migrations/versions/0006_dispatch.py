"""The index by which a round of dispatch finds a sweep's next jobs of a queue, however many others are planned."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_job_sweep_id_state", "job")
    op.create_index("ix_job_sweep_id_state_queue_id", "job", ["sweep_id", "state", "queue", "id"])


def downgrade() -> None:
    op.drop_index("ix_job_sweep_id_state_queue_id", "job")
    op.create_index("ix_job_sweep_id_state", "job", ["sweep_id", "state"])
