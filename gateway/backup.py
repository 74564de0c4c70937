"""A backup of what a gateway knows, made while it runs, and its way back: journal, embedded stores, keys.

The law this file keeps: the journal is copied before the stores, so that no store lacks what the journal says it has.
That a store has more is harmless: what is written to it again changes nothing.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.settings import EmbeddedSettings, Settings
from gateway.times import format_utc

__all__ = ["BackupError", "make_backup", "restore_backup"]

FORMAT = 1
MANIFEST = "manifest.json"
KEYS = "keys"


class BackupError(Exception):
    """The backup cannot be made or restored; the message says what was found and expected."""


def make_backup(settings: Settings, target: Path, made_at_ms: int) -> list[str]:
    """Write a gzipped tar archive, readable by its owner alone, and return the names in it; the gateway may be running.

    Raises BackupError where a database is damaged or something is in the way, OSError for a disk that takes no more.
    """
    if target.exists():
        raise BackupError(f"{target}: found a file, expected a name that is free")
    if not target.absolute().parent.is_dir():
        raise BackupError(f"{target.parent}: found no folder, expected one to write {target.name} into")
    with TemporaryDirectory(dir=target.absolute().parent, prefix=".backup-") as folder_name:
        folder = Path(folder_name)
        for name, path in _databases(settings):
            _copy_database(path, folder / name)
        if settings.keys.is_dir():
            shutil.copytree(settings.keys, folder / KEYS)
        hashes = {name: _sha256(folder / name) for name in _files(folder)}
        manifest = {"format": FORMAT, "gateway": settings.name, "made_at": format_utc(made_at_ms), "sha256": hashes}
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))
        partial = folder / "archive"
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as archive:
                for name in (MANIFEST, *hashes):
                    archive.add(folder / name, name)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(target)
    return list(hashes)


def restore_backup(settings: Settings, source: Path) -> list[str]:
    """Put everything where the settings want it, and return the names of what was put; nothing may be there yet.

    Raises BackupError where something is in the way or the archive is not whole, OSError for a disk that takes no more.
    """
    places = dict(_databases(settings))
    for place in (*places.values(), *_logs(places.values()), settings.keys):
        if place.exists() and not (place.is_dir() and not any(place.iterdir())):
            raise BackupError(f"{place}: found something, expected an empty place; move it away")
    settings.journal.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=settings.journal.parent, prefix=".restore-") as folder_name:
        folder = Path(folder_name)
        hashes = _unpack(source, folder)
        databases = {name for name in hashes if not name.startswith(f"{KEYS}/")}
        if databases != set(places):
            wanted = ", ".join(sorted(places))
            raise BackupError(f"{source}: found {', '.join(sorted(databases))}, expected {wanted}, as the settings say")
        # The journal last: a gateway that starts on half of it would believe it whole.
        for name in sorted(hashes, key=lambda name: places.get(name) == settings.journal):
            place = places.get(name) or settings.keys / Path(name).relative_to(KEYS)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(folder / name, place)
    return list(hashes)


def _databases(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Yield name in the archive and path of each database, in the order in which they are to be copied."""
    yield "journal.sqlite", settings.journal
    for store in settings.stores:
        if isinstance(store, EmbeddedSettings):
            yield f"{store.name}.store.sqlite", store.path


def _logs(databases: Iterable[Path]) -> Iterator[Path]:
    """Yield what a gateway that was killed leaves beside its databases.

    SQLite would take what is in an old one of these for the newest changes of the restored file.
    """
    for path in databases:
        yield path.with_name(f"{path.name}-wal")
        yield path.with_name(f"{path.name}-shm")


def _copy_database(source: Path, target: Path) -> None:
    if not source.exists():
        raise BackupError(f"{source}: found nothing, expected what a gateway writes when it runs")
    try:
        with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
            # In one step: a copy in several begins anew with each write of the gateway, and might never end.
            original.backup(copy, pages=-1)
            (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise BackupError(f"{source}: {error}") from error
    if found != "ok":
        raise BackupError(f"{source}: damaged: {found}")


def _refuse_what_leads_out(archive: tarfile.TarFile) -> None:
    # tarfile's own filter "data" does this, but Python 3.11.0 to 3.11.3 has no filters.
    for member in archive.getmembers():
        if not member.isfile() or Path(member.name).is_absolute() or ".." in Path(member.name).parts:
            raise ValueError(f"{member.name} is no plain file, or lies outside the destination")


def _unpack(source: Path, folder: Path) -> dict[str, str]:
    """Unpack into the folder and return the hash of every file by its name, each one checked."""
    try:
        with tarfile.open(source, "r:gz") as archive:
            _refuse_what_leads_out(archive)
            archive.extractall(folder)
        manifest = json.loads((folder / MANIFEST).read_bytes())
        found_format, hashes = manifest["format"], dict(manifest["sha256"])
    except (tarfile.TarError, EOFError, OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "strerror", None) or error  # gzip raises OSErrors without one
        raise BackupError(f"{source}: {reason}; expected an archive of `rivergauge backup`, whole") from error
    if found_format != FORMAT:
        raise BackupError(f"{source}: found format {found_format}, expected {FORMAT}")
    for name in sorted({*hashes, *_files(folder)} - {MANIFEST}):
        if name not in hashes or not (folder / name).is_file() or _sha256(folder / name) != hashes[name]:
            raise BackupError(f"{source}: {name} is not what was put in")
    return hashes


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
