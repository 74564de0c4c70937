"""What systemd is told, read from a socket as systemd reads it."""

import math
import socket

import pytest

from gateway.notify import Notifier


@pytest.fixture(params=["a path", "an abstract name"])
def systemd(request, tmp_path):
    """A listening socket, and its name as systemd writes it."""
    name = str(tmp_path / "notify") if request.param == "a path" else f"@{tmp_path}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(5)
        listener.bind(name.replace("@", "\0", 1))
        yield listener, name


SAID = {
    "ready": (lambda notifier: notifier.ready("gateway g"), b"READY=1\nSTATUS=gateway g"),
    "alive": (lambda notifier: notifier.alive(), b"WATCHDOG=1"),
    "a line for people": (lambda notifier: notifier.say("stalled: post"), b"STATUS=stalled: post"),
    "stopping": (lambda notifier: notifier.stopping(), b"STOPPING=1"),
}


@pytest.mark.parametrize(("speak", "expected"), SAID.values(), ids=SAID.keys())
def test_systemd_is_told(systemd, speak, expected):
    listener, name = systemd
    speak(Notifier({"NOTIFY_SOCKET": name}))
    assert listener.recv(1000) == expected


def test_a_reload_says_when_it_began(systemd):
    listener, name = systemd
    Notifier({"NOTIFY_SOCKET": name}).reloading()
    state, moment = listener.recv(1000).decode().splitlines()
    assert state == "RELOADING=1"
    assert int(moment.removeprefix("MONOTONIC_USEC=")) > 0


def test_without_systemd_nothing_is_said_and_no_watchdog_waits():
    notifier = Notifier({})
    notifier.ready("gateway g")
    assert notifier.watchdog_s == math.inf


def test_the_watchdog_is_as_patient_as_systemd_says():
    assert Notifier({"WATCHDOG_USEC": "120000000"}).watchdog_s == 120


def test_a_systemd_that_does_not_listen_is_told_of_in_the_log_and_ends_nothing(tmp_path, caplog):
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).alive()
    assert "systemd does not take 'WATCHDOG=1'" in caplog.text
