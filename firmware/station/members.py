# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Members of the configuration's tables, taken one by one and checked."""


class ConfigurationError(Exception):
    """What is wrong with the configuration, where, and what was expected."""

    def __init__(self, where, found, expected):
        super().__init__("%s: found %r, expected %s; flash the station again" % (where, found, expected))


def check_members(table, members, where, may_be_absent=()):
    """Return the table when it has these members, and no others than those that may be absent."""
    if not isinstance(table, dict) or sorted(name for name in table if name not in may_be_absent) != sorted(members):
        found = sorted(table) if isinstance(table, dict) else table
        raise ConfigurationError("station.json " + where, found, "the members " + ", ".join(members))
    return table


def integer(table, name, low, high, where=""):
    value = table[name]
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ConfigurationError(where + name, value, "a whole number from %d to %d" % (low, high))
    return value


def number(table, name, low, high, where=""):
    value = table[name]
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
        raise ConfigurationError(where + name, value, "%d to %d" % (low, high))
    return value


def text(table, name, limit, where=""):
    value = table[name]
    if not isinstance(value, str) or not 1 <= len(value) <= limit:
        raise ConfigurationError(where + name, value, "a text of 1 to %d letters" % limit)
    return value


def choice(table, name, choices, where=""):
    value = table[name]
    if value not in choices:
        raise ConfigurationError(where + name, value, "one of " + ", ".join(choices))
    return value
