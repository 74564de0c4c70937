"""What commands say of failures that they did not foresee one by one."""

__all__ = ["told"]


def told(error: Exception) -> str:
    """Return what failed, with the file it is about first."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)
