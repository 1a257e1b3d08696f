"""The kinds of what people write about results."""

from enum import StrEnum


class AnnotationKind(StrEnum):
    """Why somebody wrote."""

    ACKNOWLEDGED = "acknowledged"  # the change that begins with this result is known
