"""What commands say of failures that they did not foresee one by one."""

import os
from pathlib import Path

import typer

__all__ = ["FAILED", "refuse_another_user", "told"]

FAILED = 1  # exit status of a command whose work failed


def told(error: Exception) -> str:
    """Return what failed, with the file it is about first."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def refuse_another_user(path: Path, access: int) -> None:
    """End the command where this user may not use a gateway's file so, with `access` as in os.access."""
    if not os.access(path, access):
        typer.echo(f"{path}: belongs to another user; ask as the gateway's, such as `sudo -u rivergauge`", err=True)
        raise typer.Exit(FAILED)
