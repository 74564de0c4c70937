"""CPython stands in for MicroPython: its way to print tracebacks, and a temporary folder of the test's own."""

import sys
import traceback

import pytest


@pytest.fixture(autouse=True)
def _like_micropython(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "print_exception", _print_exception, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def _print_exception(error, file):
    traceback.print_exception(error, file=file)
