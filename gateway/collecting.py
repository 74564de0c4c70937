"""How often Python looks for objects that keep each other alive."""

import gc

__all__ = ["collect_rarely"]

# Each message makes some tens of objects that are gone with it. At Python's own 700 every group of messages was looked
# through a dozen times, a fifth of all the gateway's processor time; at this number it holds some MB more.
ALLOCATIONS = 50_000


def collect_rarely() -> None:
    """Have the whole process look for garbage less often: for the service and for what measures it."""
    _, *older = gc.get_threshold()
    gc.set_threshold(ALLOCATIONS, *older)
