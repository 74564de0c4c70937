# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""A new configuration on trial beside the last good one, which takes over again when no whole cycle completes.

The law this file keeps: `/station.json` is a configuration that served, at every instant; a candidate takes its place
by one rename, after a wake with it has measured, sent, and had its receipts.
"""

import json
import os

GOOD_PATH = "/station.json"
CANDIDATE_PATH = "/station.new"
UNFINISHED_PATH = "/station.part"
WAKES_PATH = "/station.try"
OUTCOME_PATH = "/trial.json"
WAKES_LIMIT = 6  # with the candidate, after which it has failed
REASON_LIMIT = 200

KEPT = "configuration-kept"
REVERTED = "configuration-reverted"


class TrialFailed(Exception):
    """The candidate has had its wakes."""


class Trial:
    """In the folder `root`; `is_on` while this wake runs with a candidate."""

    def __init__(self, root):
        self.root = root
        self.is_on = False
        self._wakes = 0  # with the candidate, this one among them

    def configuration(self, load):
        """Return what to run with: the candidate where there is one that may still be tried, else the last good one.

        `load(root, path)` raises for what cannot be used.
        """
        if not self.has_candidate():
            return load(self.root, GOOD_PATH)
        try:
            if self._count_wake() > WAKES_LIMIT:
                raise TrialFailed("no whole cycle in %d wakes" % WAKES_LIMIT)
            configuration = load(self.root, CANDIDATE_PATH)
        except Exception as error:
            # Where the last good one cannot be used either, this raises, and the candidate stays.
            configuration = load(self.root, GOOD_PATH)
            self.revert(error)
            return configuration
        self.is_on = True
        return configuration

    def has_candidate(self):
        return self._size(CANDIDATE_PATH) is not None

    def offer(self, data, load):
        """Take a candidate for the wakes that follow; raise, and take none, for one that cannot be used."""
        with open(self.root + UNFINISHED_PATH, "wb") as file:
            file.write(data)
        load(self.root, UNFINISHED_PATH)
        self._remove(WAKES_PATH)
        os.rename(self.root + UNFINISHED_PATH, self.root + CANDIDATE_PATH)

    def spare_wake(self):
        """Let this wake not count: there was no power for a whole cycle."""
        if self.is_on:
            self._write_wakes(self._wakes - 1)

    def confirm(self):
        """Put the candidate in the place of the last good configuration."""
        configuration_no = self._candidate_no()
        os.rename(self.root + CANDIDATE_PATH, self.root + GOOD_PATH)
        self.is_on = False
        self._note(KEPT, configuration_no, "")
        self._remove(WAKES_PATH)

    def revert(self, reason):
        """Give the candidate up."""
        # Noted first: a power cut between leaves a candidate that is given up again.
        self._note(REVERTED, self._candidate_no(), str(reason)[:REASON_LIMIT])
        self._remove(CANDIDATE_PATH)
        self._remove(WAKES_PATH)
        self.is_on = False

    def outcome(self):
        """Return (event, detail, facts) of a trial that ended and was not yet told of, or None."""
        try:
            with open(self.root + OUTCOME_PATH) as file:
                name, configuration_no, detail = json.load(file)
        except (OSError, ValueError):
            return None
        return name, detail, {"configuration_no": configuration_no}

    def forget_outcome(self):
        self._remove(OUTCOME_PATH)

    def _note(self, name, configuration_no, detail):
        with open(self.root + OUTCOME_PATH, "w") as file:
            json.dump([name, configuration_no, detail], file)

    def _count_wake(self):
        """Return the number of this wake with the candidate; on flash before anything is tried."""
        try:
            with open(self.root + WAKES_PATH) as file:
                self._wakes = int(file.read()) + 1
        except (OSError, ValueError):
            self._wakes = 1
        self._write_wakes(self._wakes)
        return self._wakes

    def _write_wakes(self, wakes):
        with open(self.root + WAKES_PATH, "w") as file:
            file.write(str(wakes))

    def _candidate_no(self):
        """Return the candidate's number, 0 where it says none."""
        try:
            with open(self.root + CANDIDATE_PATH) as file:
                number = json.load(file)["configuration_no"]
        except (OSError, ValueError, KeyError, TypeError):
            return 0
        return number if isinstance(number, int) else 0

    def _size(self, path):
        try:
            return os.stat(self.root + path)[6]
        except OSError:
            return None

    def _remove(self, path):
        if self._size(path) is not None:
            os.remove(self.root + path)
