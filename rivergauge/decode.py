"""`rivergauge decode`: explain a message field by field, or say what is wrong with it at which byte."""

import base64
import sys
from pathlib import Path
from typing import Annotated

import typer

from protocol.cbor import DecodeError
from rivergauge.explain import explain
from rivergauge.refusal_reasons import MEANINGS

__all__ = ["Unreadable", "decode", "read_source"]

STDIN_LIMIT = 1_000_000  # bytes of hex or base64; the largest message is a tenth of it
CONTEXT = 8  # bytes shown on each side of an error


class Unreadable(ValueError):
    """The text is not hex, base64 or a file; the message says what was tried."""


def decode(
    message: Annotated[
        str, typer.Argument(help="Hex, base64, the name of a file, or - to read any of them from stdin.")
    ],
) -> None:
    """Explain a message field by field. Example: rivergauge decode d18450a201..."""
    try:
        octets = read_source(message)
    except Unreadable as error:
        typer.echo(f"rivergauge decode: {error}", err=True)
        raise typer.Exit(2) from None
    try:
        typer.echo(explain(octets))
    except DecodeError as error:
        typer.echo(_describe(error, octets), err=True)
        raise typer.Exit(1) from None


def read_source(text: str) -> bytes:
    """Return the bytes that are meant: of hex, of a file with anything of this, of base64, or of stdin."""
    if text == "-":
        return _from_content(sys.stdin.buffer.read(STDIN_LIMIT))
    octets = _from_hex(text)
    if octets is not None:
        return octets
    try:
        with Path(text).open("rb") as file:
            return _from_content(file.read(STDIN_LIMIT))
    except (OSError, ValueError) as error:
        octets = _from_base64(text)
        if octets is not None:
            return octets
        raise Unreadable(f"{text[:60]!r} is neither hex nor base64, nor a file that can be read ({error})") from None


def _describe(error: DecodeError, octets: bytes) -> str:
    start = max(0, error.offset - CONTEXT)
    shown = octets[start : error.offset + CONTEXT]
    lead = "... " if start else ""
    caret = " " * (len(lead) + 3 * (error.offset - start)) + "^^"
    meaning = MEANINGS[error.reason]
    return f"{error.reason} at byte {error.offset} of {len(octets)}: {meaning}\n{lead}{shown.hex(' ')}\n{caret}"


def _from_content(content: bytes) -> bytes:
    """Return the bytes of hex or base64 text, or the content itself."""
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        return content
    octets = _from_hex(text)
    if octets is None:
        octets = _from_base64(text)
    if octets is None:
        raise Unreadable(f"{text[:60]!r} is neither hex nor base64")
    return octets


def _from_hex(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def _from_base64(text: str) -> bytes | None:
    compact = "".join(text.split()).replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(compact, validate=True)
    except ValueError:
        return None
