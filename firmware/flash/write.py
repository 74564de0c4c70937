"""Writing an image to a board: only what differs is copied."""

from collections.abc import Callable
from dataclasses import dataclass

from firmware.flash.connection import BoardConnection
from firmware.flash.plan import ImagePlan
from firmware.station.trial import CANDIDATE_PATH, OUTCOME_PATH, UNFINISHED_PATH, WAKES_PATH

__all__ = ["FlashResult", "write_image"]

TRIAL_PATHS = (CANDIDATE_PATH, UNFINISHED_PATH, WAKES_PATH, OUTCOME_PATH)


@dataclass(frozen=True)
class FlashResult:
    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]


def write_image(
    board: BoardConnection, plan: ImagePlan, report: Callable[[str], None] = lambda path: None
) -> FlashResult:
    """Make the board hold the planned files, copying what differs and removing leftovers from the firmware's folders
    and a configuration that is on trial.

    `report(path)` is called before each file that is written. Other files on the board are left alone.
    """
    present = board.hashes()
    changed = [file for file in plan.files if present.get(file.path) != file.sha256]
    planned = {file.path for file in plan.files}
    ours = tuple(f"{folder}/" for folder in plan.folders)
    leftovers = [path for path in present if path not in planned and (path.startswith(ours) or path in TRIAL_PATHS)]
    folders = {parent for file in changed for parent in _parents(file.path)}
    if folders:
        board.make_folders(sorted(folders))
    for path in leftovers:
        board.remove(path)
    for file in changed:
        report(file.path)
        board.write(file)
    unchanged = tuple(file.path for file in plan.files if file not in changed)
    return FlashResult(tuple(file.path for file in changed), unchanged, tuple(leftovers))


def _parents(path: str) -> list[str]:
    parts = path.split("/")[1:-1]
    return ["/" + "/".join(parts[: depth + 1]) for depth in range(len(parts))]
