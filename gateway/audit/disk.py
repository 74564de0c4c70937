"""The audit of what lies on this machine's disk: room, and databases that are whole."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic

from gateway.schema import version_of
from gateway.settings import EmbeddedSettings, Settings

from .finding import Finding, ok, problem, warning

__all__ = ["audit_databases", "audit_room"]

# Of a large file it takes minutes: what is not found by then is left to `rivergauge backup`, which looks at all of it.
INTEGRITY_LIMIT_S = 20.0
STEPS_BETWEEN_LOOKS = 100_000  # of SQLite's machine, a few milliseconds
BUSY_TIMEOUT_S = 5.0
LEAST_FREE_BYTES = 100 << 20


def audit_databases(settings: Settings) -> Iterator[Finding]:
    """Yield one finding for the journal and one for each embedded store; makes none of them."""
    paths = {"journal": settings.journal}
    paths |= {f"store {each.name}": each.path for each in settings.stores if isinstance(each, EmbeddedSettings)}
    for what, path in paths.items():
        yield _existing(what, path) if path.exists() else _to_be_made(what, path)


def audit_room(settings: Settings) -> Finding:
    """Return whether the disk has room for as large a journal as the settings allow."""
    folder = _nearest_folder(settings.journal)
    free_bytes = shutil.disk_usage(folder).free
    used_bytes = settings.journal.stat().st_size if settings.journal.exists() else 0
    wanted_bytes = max(0, (settings.journal_limit_mb << 20) - used_bytes)
    detail = f"{free_bytes >> 20} MB free in {folder}"
    if free_bytes < LEAST_FREE_BYTES:
        return problem("disk", detail, "make room: a gateway that cannot write takes nothing, and stations keep all")
    if free_bytes < wanted_bytes:
        advice = f"make room, or set journal_limit_mb below {(used_bytes + free_bytes) >> 20}"
        return warning("disk", f"{detail}, and the journal may grow by {wanted_bytes >> 20} MB", advice)
    return ok("disk", detail)


def _to_be_made(what: str, path: Path) -> Finding:
    folder = _nearest_folder(path)
    if not os.access(folder, os.W_OK):
        return problem(what, f"{folder} cannot be written by this user", "check as the user that the gateway runs as")
    return ok(what, f"{path} is not there yet; `rivergauge run` makes it")


def _existing(what: str, path: Path) -> Finding:
    began_s = monotonic()
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as database:
            _write_nothing(database)
            database.set_progress_handler(lambda: monotonic() - began_s > INTEGRITY_LIMIT_S, STEPS_BETWEEN_LOOKS)
            (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            detail = f"{path} can be written; it is too large to be read within {INTEGRITY_LIMIT_S:g} s"
            return warning(what, detail, "`rivergauge backup` reads all of it")
        return problem(what, f"{path}: {error}", "correct the disk or the file's owner, or restore a backup")
    if found != "ok":
        return problem(what, f"{path} is damaged: {found}", "stop the gateway, move the file away, restore a backup")
    return ok(what, f"{path} can be written and is whole ({path.stat().st_size >> 20} MB)")


def _write_nothing(database: sqlite3.Connection) -> None:
    """Write what is there already, which proves that the disk takes it."""
    database.execute("BEGIN IMMEDIATE")
    database.execute(f"PRAGMA user_version = {version_of(database)}")
    database.execute("COMMIT")


def _nearest_folder(path: Path) -> Path:
    """Return the folder that holds the path, or the nearest one above that is there."""
    return next(folder for folder in path.absolute().parents if folder.is_dir())
