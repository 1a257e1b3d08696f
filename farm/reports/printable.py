"""Text that people or their models wrote, made safe to show: no terminal escapes, no invisible characters."""

import re
import unicodedata
from typing import Final

COLOURS: Final = re.compile(r"\x1b\[[0-9;:]*m")  # SGR sequences, as libraries colour their logs
PICTURES: Final = 0x2400  # the Unicode block of pictures of the control characters
DELETE: Final = 0x7F
UNKNOWN: Final = "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    """Write a text on one line: blanks become spaces, control characters their pictures, as in `␛[2J`."""
    return text if text.isprintable() else "".join(map(_shown, text))


def printable_lines(text: str) -> str:
    """Write a text of many lines, such as a log: colours go, a carriage return starts a line, tabs stay."""
    plain = COLOURS.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in plain.split("\n"))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if character in "\t\n\r" or unicodedata.category(character) == "Zs":
        return " "
    code = ord(character)
    if code < ord(" "):
        return chr(PICTURES + code)
    return "\N{SYMBOL FOR DELETE}" if code == DELETE else UNKNOWN
