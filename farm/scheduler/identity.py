"""Short public ids, and the tokens that fence an attempt."""

import secrets
from typing import Final

ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"  # no 0 1 i l o: they are misread
ID_LENGTH: Final = 10  # 31**10 ids: a million of them collide with a chance below one in a thousand


def new_id() -> str:
    """Make a public id that a person can type."""
    number = secrets.randbelow(len(ALPHABET) ** ID_LENGTH)
    letters = []
    for _ in range(ID_LENGTH):
        number, index = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[index])
    return "".join(letters)


def new_token() -> str:
    """Make a token that nobody can guess."""
    return secrets.token_hex(16)
