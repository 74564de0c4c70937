# Shared dialect: runs on MicroPython and CPython.
"""The names of MQTT topics: `rg/1/{basin}/{station}/{leaf}`."""

LEAVES = ("data", "birth", "event", "reply", "online", "receipt", "command", "flag", "senml")
ID_LIMIT = 32
RESERVED_BASIN = "gateway"  # rg/1/gateway/{name}/state belongs to the gateways

_PREFIX = "rg/1/"


class BadTopic(ValueError):
    """A topic or an id that is not of this protocol; `found` is the text."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__("%r: expected %s" % (found, expected))
        self.found = found


def is_id(text: str) -> bool:
    """Tell whether the text may name a basin, a station or a gateway: [a-z0-9][a-z0-9-]{0,31}."""
    if not 1 <= len(text) <= ID_LIMIT or text[0] == "-":
        return False
    return all("a" <= letter <= "z" or "0" <= letter <= "9" or letter == "-" for letter in text)


def topic(basin: str, station: str, leaf: str) -> str:
    """Return the topic of a station's leaf, or raise BadTopic."""
    for identifier in (basin, station):
        if not is_id(identifier):
            raise BadTopic(identifier, "an id of a-z, 0-9 and -, at most %d letters" % ID_LIMIT)
    if basin == RESERVED_BASIN:
        raise BadTopic(basin, "a basin id; this one is reserved for gateways")
    if leaf not in LEAVES:
        raise BadTopic(leaf, "one of " + ", ".join(LEAVES))
    return _PREFIX + basin + "/" + station + "/" + leaf


def parse_topic(text: str) -> tuple[str, str, str]:
    """Return (basin, station, leaf), or raise BadTopic."""
    parts = text.split("/")
    if len(parts) != 5 or not text.startswith(_PREFIX):
        raise BadTopic(text, "rg/1/{basin}/{station}/{leaf}")
    basin, station, leaf = parts[2], parts[3], parts[4]
    topic(basin, station, leaf)
    return basin, station, leaf


def gateway_state_topic(name: str) -> str:
    """Return the topic on which the gateway `name` says accepting or hold, or raise BadTopic."""
    if not is_id(name):
        raise BadTopic(name, "an id of a-z, 0-9 and -, at most %d letters" % ID_LIMIT)
    return _PREFIX + RESERVED_BASIN + "/" + name + "/state"
