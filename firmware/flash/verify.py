"""Whether a board holds exactly the planned files, judged by hashes computed on the board."""

from dataclasses import dataclass

from firmware.flash.connection import BoardConnection
from firmware.flash.plan import ImagePlan

__all__ = ["Verification", "verify"]


@dataclass(frozen=True)
class Verification:
    verified: tuple[str, ...]
    missing: tuple[str, ...]
    different: tuple[str, ...]
    extra: tuple[str, ...]  # on the board and not in the plan: reported, no error

    @property
    def is_good(self) -> bool:
        return not self.missing and not self.different


def verify(board: BoardConnection, plan: ImagePlan) -> Verification:
    """Compare every planned file with what the board holds."""
    present = board.hashes()
    planned = {file.path: file.sha256 for file in plan.files}
    return Verification(
        verified=tuple(path for path, sha256 in planned.items() if present.get(path) == sha256),
        missing=tuple(path for path in planned if path not in present),
        different=tuple(path for path, sha256 in planned.items() if path in present and present[path] != sha256),
        extra=tuple(sorted(path for path in present if path not in planned)),
    )
