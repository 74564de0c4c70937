"""The audit of what is on the machine: keys, disk, databases, and the gateway that runs."""

import os
import shutil
from dataclasses import replace
from time import time

import pytest

from firmware.virtual.host import TimeServer
from gateway.audit import disk
from gateway.service import Service
from gateway.settings import WebSettings
from rivergauge.basin import SenmlName
from rivergauge.servers import free_port
from tests.fakes.publisher import START_MS

LOGGER = (SenmlName("urn:dev:ow:1:level", "stage_m", 9),)


def test_values_that_nothing_authenticates_are_told(look, bench):
    assert "SenML of lower" not in look()
    upper, lower = bench.basin.stations
    named = replace(bench.basin, stations=(upper, replace(lower, senml=LOGGER)))
    untaken = look(basin=named)["SenML of lower"]
    assert (untaken.level.value, "accept_unauthenticated = true" in untaken.advice) == ("warning", True)
    told = look(basin=named, accept_unauthenticated=True)["SenML of lower"]
    assert told.level.value == "ok"
    assert "nothing proves the sender" in told.detail
    alarming = tuple(replace(each, raises_flags=True) for each in LOGGER)
    named = replace(bench.basin, stations=(upper, replace(lower, senml=alarming)))
    alarming = look(basin=named, accept_unauthenticated=True)["SenML of lower"]
    assert (alarming.level.value, "stage_m may raise flags" in alarming.detail) == ("warning", True)


def test_a_logger_alone_needs_no_key(look, bench):
    upper, lower = bench.basin.stations
    (bench.settings.keys / bench.basin.code / "lower.key").unlink()
    assert look()["keys of lower"].level.value == "problem"
    alone = replace(lower, sensors=(), senml=LOGGER)
    assert "keys of lower" not in look(basin=replace(bench.basin, stations=(upper, alone)))


def test_a_key_that_others_can_read_is_found(look, bench):
    path = bench.settings.keys / bench.basin.code / "upper.key"
    path.chmod(0o604)
    found = look()["keys of upper"]
    assert (found.level.value, found.advice) == ("warning", f"chmod 600 {path}")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to other groups")
@pytest.mark.parametrize(("group", "level"), [(0, "ok"), (100, "warning")], ids=["root's", "another"])
def test_a_key_that_a_group_can_read_is_found(look, bench, group, level):
    path = bench.settings.keys / bench.basin.code / "upper.key"
    os.chown(path, -1, group)
    path.chmod(0o640)
    assert look()["keys of upper"].level.value == level


def test_a_token_that_others_can_read_is_found(look, tmp_path):
    (tmp_path / "token").write_text("a-token-of-twenty-six-chars")
    found = look(web=WebSettings("127.0.0.1", 0, token_file=tmp_path / "token"))["page token"]
    assert found.level.value == "problem"


def test_what_is_not_there_yet_is_not_made(look, bench):
    found = look()
    assert found["journal"].detail.endswith("is not there yet; `rivergauge run` makes it")
    assert not bench.settings.journal.exists()
    assert not bench.settings.stores[0].path.exists()


def test_databases_of_a_gateway_that_has_run_are_whole(look, levels, bench):
    bench.stop(bench.start())
    found = look()
    assert (levels(found)["journal"], levels(found)["store embedded"]) == ("ok", "ok")
    assert "is whole" in found["journal"].detail


@pytest.mark.parametrize("kept", [0, 4096], ids=["in its head", "in a page of a table"])
def test_a_damaged_journal_is_found(look, bench, kept):
    bench.stop(bench.start())
    whole = bench.settings.journal.read_bytes()
    bench.settings.journal.write_bytes(whole[:kept] + b"\xff" * 4096 + whole[kept + 4096 :])
    found = look()["journal"]
    assert found.level.value == "problem"
    assert "backup" in found.advice


def test_a_database_too_large_to_be_read_in_time_is_told(look, bench, monkeypatch):
    bench.stop(bench.start())
    monkeypatch.setattr(disk, "INTEGRITY_LIMIT_S", 0.0)
    monkeypatch.setattr(disk, "STEPS_BETWEEN_LOOKS", 1)
    found = look()["journal"]
    assert found.level.value == "warning"
    assert "too large to be read" in found.detail


def test_a_disk_with_less_room_than_the_journal_may_take_is_told(look, tmp_path):
    free_mb = shutil.disk_usage(tmp_path).free >> 20
    assert look(journal_limit_mb=min(100, free_mb))["disk"].level.value == "ok"
    assert look(journal_limit_mb=2 * free_mb)["disk"].level.value == "warning"


def test_a_full_disk_is_found(look, monkeypatch, tmp_path):
    monkeypatch.setattr(disk, "LEAST_FREE_BYTES", 2 * shutil.disk_usage(tmp_path).free)
    assert look()["disk"].level.value == "problem"


def test_a_gateway_that_runs_is_asked(look, levels, bench, until):
    assert look()["gateway"].detail == "does not run now"
    bench.settings = replace(bench.settings, web=WebSettings("127.0.0.1", free_port()))
    service = bench.start()
    until(lambda: look()["gateway"].detail == "runs, and takes records", "it is ready")
    assert levels(look())["broker canary"] == "ok", "a broker that gives each client its session is audited meanwhile"
    assert service.is_ready
    bench.mosquitto.stop()
    until(lambda: "the broker is away" in look()["gateway"].detail, "the loss is told")
    assert look()["gateway"].level.value == "problem"


def test_two_gateways_cannot_run_on_one_journal(bench):
    bench.start()
    with pytest.raises(OSError, match=r"journal\.sqlite: another gateway runs on it"):
        Service(bench.settings, bench.basin, lambda: START_MS).start()


@pytest.fixture
def time_server():
    server = TimeServer(lambda: round(time() * 1000))
    server.start()
    yield server
    server.stop()


def with_time_server(basin, server):
    upper, lower = basin.stations
    uplink = replace(upper.uplink, time_server=(server.host, server.port))
    return replace(basin, stations=(replace(upper, uplink=uplink), lower))


YEAR_2036_MS = 2_085_978_496_000  # when the seconds of NTP begin again


@pytest.mark.parametrize("now_ms", [None, YEAR_2036_MS + 5000], ids=["now", "in the next era"])
@pytest.mark.parametrize(
    ("error_ms", "level", "told"), [(0, "ok", "ms"), (5000, "problem", "ms behind"), (-5000, "problem", "ms ahead")]
)
def test_the_clock_is_compared_with_the_time_server_of_the_stations(
    look, bench, time_server, now_ms, error_ms, level, told
):
    if now_ms is not None:
        time_server._now_ms = lambda: now_ms
    time_server.error_ms = error_ms
    asked = {"now_ms": lambda: now_ms} if now_ms is not None else {}
    found = look(basin=with_time_server(bench.basin, time_server), **asked)["clock, by 127.0.0.1"]
    assert found.level.value == level
    assert told in found.detail


def test_a_time_server_that_is_silent_is_told(look, bench, time_server):
    time_server.stop()
    found = look(basin=with_time_server(bench.basin, time_server))["clock, by 127.0.0.1"]
    assert (found.level.value, found.detail.startswith("no answer")) == ("warning", True)
    time_server.start()


def test_without_a_time_server_nothing_is_said_of_the_clock_but_that(look):
    assert "names no time server" in look()["clock"].detail


NOBODY = 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else for a while")
def test_a_user_who_may_look_at_nothing_is_told_so(look, levels, bench):
    bench.stop(bench.start())
    os.seteuid(NOBODY)
    try:
        found = look()
    finally:
        os.seteuid(0)
    assert {levels(found)[what] for what in ("keys of upper", "disk", "databases", "gateway", "broker")} == {"problem"}
    assert "sudo -u rivergauge" in found["databases"].advice
