# Shared dialect: runs on MicroPython, and on CPython.
"""What tests need that plain `assert` cannot say on both interpreters."""


def raises(kind, call, *arguments):
    """Call and return the exception of this kind that it raises; fail when it raises none."""
    try:
        call(*arguments)
    except kind as error:
        return error
    raise AssertionError("%r raised no %s" % (call, kind.__name__))
