# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""A new configuration or rating by command: gathered from its parts, checked, and offered for trial.

Parts lie in files until all are there, so they may come over several wakes, in any order, and each more than once.
"""

import json
import os

from protocol.commands import DONE, FAILED
from protocol.text_parts import PART_LIMIT, PARTS_LIMIT, hash_of

from . import config

PART_PREFIX = "part-"
HASH_LETTERS = 64
MEMBERS_KEPT = ("basin", "station", "key_id")  # or the station would be lost to its gateway


def take_configuration(arguments, station):
    """Take a part of a new station.json."""
    return _take(arguments, station, json.loads)


def take_rating(arguments, station):
    """Take a part of {"configuration_no": ..., "rating": ...}, the rest staying as it is."""

    def with_rating(text):
        given = json.loads(text)
        table = json.loads(station.configuration.source)
        if "rating" not in table:
            raise ValueError("a trigger that goes by a rating, found none")
        table["configuration_no"], table["rating"] = given["configuration_no"], given["rating"]
        return table

    return _take(arguments, station, with_rating)


def _take(arguments, station, table_of):
    """Return (outcome, detail, facts) of a part; with the last one, of the whole."""
    part, parts, sha256, text = (arguments[name] for name in ("part", "parts", "sha256", "text"))
    if not 1 <= part <= parts <= PARTS_LIMIT or len(sha256) != HASH_LETTERS or len(text) > PART_LIMIT:
        return FAILED, "expected part 1 to %d of %d letters with their hash" % (PARTS_LIMIT, PART_LIMIT), {}
    folder = station.trial.root or "/"
    names = [PART_PREFIX + "%s-%d" % (sha256[:16], number) for number in range(1, parts + 1)]
    _remove_parts(folder, except_for=names)
    with open("%s/%s" % (station.trial.root, names[part - 1]), "w") as file:
        file.write(text)
    present = os.listdir(folder)
    missing = sum(1 for name in names if name not in present)
    if missing:
        return DONE, "", {"parts_missing": missing}
    whole = "".join(_read("%s/%s" % (station.trial.root, name)) for name in names)
    _remove_parts(folder, except_for=())
    if hash_of(whole.encode()) != sha256:
        return FAILED, "the parts do not have the hash that they came with: send them again", {}
    return _offer(table_of, whole, station)


def _offer(table_of, whole, station):
    if station.trial.has_candidate():
        return FAILED, "another configuration is on trial: wait for its event", {}
    now = station.configuration
    try:
        table = table_of(whole)
        if table["configuration_no"] == now.configuration_no:
            return FAILED, "expected a configuration_no other than %d" % now.configuration_no, {}
        station.trial.offer(json.dumps(table).encode(), lambda root, path: _load_as(now, root, path))
    except (config.ConfigurationError, ValueError, KeyError, TypeError) as error:
        return FAILED, "expected " + str(error)[:200], {}
    return DONE, "", {"parts_missing": 0, "configuration_no": table["configuration_no"]}


def _load_as(now, root, path):
    """Load a configuration; one of another station, or without the TLS that it has, is refused."""
    found = config.load(root, path)
    for name in MEMBERS_KEPT:
        if getattr(found, name) != getattr(now, name):
            raise config.ConfigurationError(name, getattr(found, name), "%s as it is" % getattr(now, name))
    if now.broker_tls is not None and found.broker_tls is None:
        raise config.ConfigurationError("broker.tls", None, "%s, or another way" % now.broker_tls)
    return found


def _remove_parts(folder, except_for):
    for name in os.listdir(folder):
        if name.startswith(PART_PREFIX) and name not in except_for:
            os.remove("%s/%s" % (folder.rstrip("/"), name))


def _read(path):
    with open(path) as file:
        return file.read()
