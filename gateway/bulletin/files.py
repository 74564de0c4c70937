"""Bulletins on disk: one HTML page and one JSON file each."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway.times import parse_utc_ms

from .document import FORMAT, render_json
from .model import Bulletin
from .page import render_html

__all__ = ["Issued", "Paths", "list_bulletins", "write_bulletin"]


@dataclass(frozen=True, slots=True)
class Paths:
    html: Path
    json: Path


@dataclass(frozen=True, slots=True)
class Issued:
    """A bulletin found in a folder."""

    identifier: str
    basin: str
    from_ms: int
    to_ms: int
    issued_at_ms: int
    paths: Paths


def write_bulletin(bulletin: Bulletin, folder: Path) -> Paths:
    """Write both files, making the folder if need be; a reader never sees half a file."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = Paths(folder / f"{bulletin.identifier}.html", folder / f"{bulletin.identifier}.json")
    _write(paths.html, render_html(bulletin))
    # The JSON file comes last, since it is by this one that a bulletin is listed.
    _write(paths.json, render_json(bulletin))
    return paths


def list_bulletins(folder: Path) -> list[Issued]:
    """Return the bulletins of the folder, the newest issue first; other files are passed over."""
    found = [issued for path in _json_files(folder) if (issued := _read(path)) is not None]
    return sorted(found, key=lambda issued: (issued.issued_at_ms, issued.identifier), reverse=True)


def _json_files(folder: Path) -> Iterable[Path]:
    return folder.glob("*.json") if folder.is_dir() else []


def _read(path: Path) -> Issued | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        return None
    return Issued(
        identifier=path.stem,
        basin=document["basin"],
        from_ms=parse_utc_ms(document["from"]),
        to_ms=parse_utc_ms(document["to"]),
        issued_at_ms=parse_utc_ms(document["issued_at"]),
        paths=Paths(path.with_suffix(".html"), path),
    )


def _write(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, path)
