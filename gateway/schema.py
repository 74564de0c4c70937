"""The form of a database's tables: made in a new file, brought up to date in an older one (PRAGMA user_version).

The law this file keeps: a file has the tables of one version, whole; what a newer gateway wrote is never touched.
"""

import sqlite3
from collections.abc import Callable, Sequence

__all__ = ["Step", "prepare", "refuse_other_version", "version_of"]

# Leads the tables from one version to the next. What is only added needs none: it is made where it is not there.
Step = Callable[[sqlite3.Connection], None]


def prepare(connection: sqlite3.Connection, statements: str, steps: Sequence[Step]) -> None:
    """Make what `statements` make, after the steps that the file's version still lacks, all or nothing.

    Raises sqlite3.DatabaseError for a file of a later version than there are steps.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = version_of(connection)
        if found > len(steps):
            raise sqlite3.DatabaseError(
                f"its tables are of version {found}, and this gateway knows up to {len(steps)}: install the newer one"
                " again"
            )
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables:
            for step in steps[found:]:
                step(connection)
        for statement in statements.split(";\n"):
            connection.execute(statement)
        if found < len(steps):  # else nothing is written, so that a full disk does not keep a gateway from starting
            connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def refuse_other_version(connection: sqlite3.Connection, expected: int) -> None:
    """Raise sqlite3.DatabaseError, saying what to do, for a file that is read only and of another version."""
    found = version_of(connection)
    if found != expected:
        advice = "start its gateway once, which brings them up to date" if found < expected else "install a newer one"
        raise sqlite3.DatabaseError(f"its tables are of version {found}, expected {expected}: {advice}")


def version_of(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
