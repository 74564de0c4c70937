# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""What gateways have ordered, kept in a file: the last command number of each, intervals, and the test mark.

The law this file keeps: a command number is on flash before its command is carried out, so none is carried out twice.
"""

import json

DAY_S = 86_400
_FILE = "/orders.json"


class Orders:
    """Read from the folder `root`; absent or damaged it holds none."""

    def __init__(self, root):
        self._path = root + _FILE
        self._kept = {"command_nos": {}, "intervals_s": None, "in_place_of_s": None, "is_test": False}
        self._kept["range_again"] = None
        self._configured_s = None  # the intervals of the configuration in force
        try:
            with open(self._path) as file:
                self._kept.update(json.load(file))
        except (OSError, ValueError):
            pass

    @property
    def is_test(self):
        return self._kept["is_test"]

    @property
    def range_again(self):
        """The (first, last) record numbers that are to be sent again, or None."""
        return self._kept["range_again"]

    def set_range_again(self, first, last):
        """Keep what is left to be sent again; nothing where `first` is beyond `last`."""
        self._kept["range_again"] = [first, last] if first <= last else None
        self._save()

    def apply_to(self, configuration, is_on_trial):
        """Put the intervals ordered in the place of those they were ordered for.

        A configuration with others is a later word on them: it ends the order, unless it is only on trial.
        """
        self._configured_s = [configuration.record_every_ms // 1000, configuration.send_every_ms // 1000]
        if self._kept["in_place_of_s"] == self._configured_s:
            self._put_intervals_into(configuration)
        elif not is_on_trial:
            self._kept["intervals_s"] = self._kept["in_place_of_s"] = None  # on flash with the next command

    def accept(self, gateway, command_no):
        """Return True, and keep the number, when it is newer than every one of this gateway before."""
        if command_no <= self._kept["command_nos"].get(gateway, -1):
            return False
        self._kept["command_nos"][gateway] = command_no
        self._save()
        return True

    def set_intervals(self, record_every_s, send_every_s, configuration):
        """Keep the intervals, apply them, and return True; False where a day or the other is no multiple of one."""
        if not 1 <= record_every_s <= send_every_s <= DAY_S or DAY_S % record_every_s or send_every_s % record_every_s:
            return False
        self._kept["intervals_s"] = [record_every_s, send_every_s]
        self._kept["in_place_of_s"] = self._configured_s
        self._save()
        self._put_intervals_into(configuration)
        return True

    def set_test(self, is_test):
        self._kept["is_test"] = is_test
        self._save()

    def _put_intervals_into(self, configuration):
        configuration.record_every_ms, configuration.send_every_ms = [each * 1000 for each in self._kept["intervals_s"]]

    def _save(self):
        with open(self._path, "w") as file:
            json.dump(self._kept, file)
