"""An audit as `rivergauge check` makes it, by the name of what was looked at."""

from dataclasses import replace
from time import time

import pytest

from gateway.audit import audit


@pytest.fixture
def look(bench):
    """Return a function that gives {what: finding} for the bench's gateway, with some settings changed."""

    def look_with(now_ms=lambda: round(time() * 1000), basin=None, **changes):
        found = list(audit(replace(bench.settings, **changes), basin or bench.basin, now_ms))
        by_name = {each.what: each for each in found}
        assert len(by_name) == len(found), "each thing is told once"
        assert all(each.advice for each in found if each.level.value != "ok")
        return by_name

    return look_with


@pytest.fixture
def levels():
    def of(found):
        return {what: finding.level.value for what, finding in found.items()}

    return of
