"""`rivergauge decode`: explain a message field by field, or say what is wrong with it at which byte."""

import base64
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.hmac_sha256 import hmac_sha256
from gateway.keys import KeyFileError, Keys
from protocol.cose import Forged, Sealed, verify
from protocol.topics import BadTopic, parse_topic
from rivergauge.explain import MessageRefused, as_table, explain, not_verified

__all__ = ["Unreadable", "decode", "read_source"]

STDIN_LIMIT = 1_000_000  # bytes of hex or base64; the largest message is a tenth of it
CONTEXT = 8  # bytes shown on each side of an error


class Unreadable(ValueError):
    """The text is not hex, base64 or a file; the message says what was tried."""


def decode(
    message: Annotated[
        str, typer.Argument(help="Hex, base64, the name of a file, or - to read any of them from stdin.")
    ],
    keys: Annotated[
        Path | None, typer.Option(help="The gateway's folder of keys: verify the tag, for a message from --topic.")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="The topic it came on: rg/1/syr-darya/akdzhar/data.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the fields as JSON.")] = False,
) -> None:
    """Explain a message field by field. Example: rivergauge decode d18450a201...

    Exit status 1: the message is refused, and the byte and reason are told, or its tag is wrong. 2: no hex, base64 or
    file; a topic or key file that cannot be used.
    """
    try:
        octets = read_source(message)
        seal = _seal(keys, topic)
    except (Unreadable, BadTopic, KeyFileError) as error:
        typer.echo(f"rivergauge decode: {error}", err=True)
        raise typer.Exit(2) from None
    try:
        rows = explain(octets, seal.verdict if seal else not_verified)
    except MessageRefused as error:
        _print_refusal(error, octets, as_json)
        raise typer.Exit(1) from None
    fields = [{"name": name, "value": value} for name, value in rows]
    typer.echo(json.dumps({"fields": fields}, indent=1) if as_json else as_table(rows))
    if seal is not None and seal.is_forged:
        raise typer.Exit(1)


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


class _Seal:
    """What the tag of a message on this topic must be made with."""

    def __init__(self, topic: str, keys: dict[bytes, bytes]) -> None:
        self._topic = topic
        self._keys = keys
        self.is_forged = False

    def verdict(self, sealed: Sealed) -> str:
        try:
            verify(sealed, self._keys, self._topic, hmac_sha256)
        except Forged as error:
            self.is_forged = True
            return f"FORGED: {error.reason}; a gateway takes nothing of what follows"
        return f"verified for {self._topic}"


def _seal(folder: Path | None, topic: str | None) -> _Seal | None:
    if folder is None and topic is None:
        return None
    if folder is None or topic is None:
        raise Unreadable("found one of --keys and --topic, expected both: the tag is over the topic too")
    basin, station, _ = parse_topic(topic)
    keys = Keys(folder).of(basin, station)
    if not keys:
        raise Unreadable(f"{folder / basin / station}.key: expected the keys of the station that the topic names")
    return _Seal(topic, keys)


def _print_refusal(error: MessageRefused, octets: bytes, as_json: bool) -> None:
    if as_json:
        said = {"reason": error.reason, "offset": error.offset, "size": len(octets), "meaning": error.meaning}
        typer.echo(json.dumps({"refused": said}, indent=1))
    else:
        typer.echo(_describe(error, octets), err=True)


def _describe(error: MessageRefused, octets: bytes) -> str:
    start = max(0, error.offset - CONTEXT)
    shown = octets[start : error.offset + CONTEXT]
    lead = "... " if start else ""
    caret = " " * (len(lead) + 3 * (error.offset - start)) + "^^"
    return f"{error.reason} at byte {error.offset} of {len(octets)}: {error.meaning}\n{lead}{shown.hex(' ')}\n{caret}"


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
