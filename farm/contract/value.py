"""The frozen value every word of the contract is made of: typed, strict about names, JSON in and out."""

import hashlib
import json

from pydantic import BaseModel, ConfigDict, JsonValue

Scalar = str | int | float | bool


class Value(BaseModel):
    """A frozen record. An unknown field is refused, so that a misspelt name is never silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


def digest(facts: JsonValue, *, length: int = 16) -> str:
    """Hash JSON facts to `length` hexadecimal digits; equal facts give equal digests on every machine."""
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:length]
