"""The benchmarks compare only what does the same work. No test here asserts a time."""

import gc
import json
from dataclasses import replace

import pytest

from tests.benchmarks.__main__ import main
from tests.benchmarks.points import parse_points
from tests.benchmarks.report import Disagreement, Report, Row, Target
from tests.benchmarks.river_records import DAY_RECORDS, river_days
from tests.benchmarks.timing import time_calls
from tests.benchmarks.wire import check_agreement, refuse_old_cbor2
from tests.benchmarks.wire_rows import wire_rows


@pytest.fixture(scope="module")
def batches(tmp_path_factory):
    day = river_days(tmp_path_factory.mktemp("no-data")).days[0]
    return [day[:1], day[3:7], day]


@pytest.fixture(scope="module")
def rows():
    return wire_rows()


def test_all_rows_give_the_same_points(rows, batches):
    check_agreement(rows, batches)


CHANGES = {
    "a value in its last digit": lambda lines: lines.replace(b"battery_v=12.", b"battery_v=12.0", 1),
    "a time": lambda lines: lines.replace(b"00\n", b"01\n", 1),
    "a quality": lambda lines: lines.replace(b"_quality=1i", b"_quality=2i", 1),
    "a point too few": lambda lines: lines.replace(b",battery_v_quality=1i", b"", 1),
    "a point too many": lambda lines: lines + b"\n" + lines.replace(b"sensor=1", b"sensor=3"),
    "an integer as a float": lambda lines: lines.replace(b"log_id=3237998081i", b"log_id=3237998081", 1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_row_that_gives_other_points_is_refused(change, rows, batches):
    row = next(row for row in rows if row.name == "cbor2 + f-strings")
    other = replace(row, lines=lambda payload: change(row.lines(payload)))
    with pytest.raises(Disagreement, match=r"cbor2 \+ f-strings: "):
        check_agreement([rows[0], other], batches[:2])


def test_points_are_told_apart_by_everything_that_names_them():
    text = b"m,a=1 x=1,y=2i 5\nm,a=2 x=1 5\nm,a=1 x=1 6"
    assert len(parse_points(text)) == 4


@pytest.mark.parametrize("version", ["5.9.0", "5.6.5"])
def test_a_cbor2_older_than_6_is_refused(version):
    with pytest.raises(Disagreement, match=f"cbor2 {version} is installed, expected 6"):
        refuse_old_cbor2(version)


def test_a_newer_cbor2_is_taken():
    refuse_old_cbor2("10.0.1")


def test_real_days_are_used_where_there_are_any(shared_data):
    found = river_days(shared_data("lro/WaterLab.csv.gz").parents[1])
    assert "Logan River Observatory" in found.source
    assert len(found.days) > 300
    assert {len(day) for day in found.days} == {DAY_RECORDS}


def test_without_them_the_river_is_synthetic_and_said_to_be(tmp_path):
    found = river_days(tmp_path)
    assert found.source.startswith("SYNTHETIC")
    assert {len(day) for day in found.days} == {DAY_RECORDS}


def test_garbage_is_collected_again_after_a_run_that_failed():
    with pytest.raises(ZeroDivisionError):
        time_calls({"fails": (lambda message: 1 / len(message), [b""])})
    assert gc.isenabled()


def test_every_action_is_timed_over_all_its_messages():
    seen = []
    timed = time_calls({"one": (seen.append, [b"a", b"b"]), "two": (len, [b"c"])})
    assert set(timed) == {"one", "two"}
    assert seen.count(b"a") == seen.count(b"b") > 0


ROW = Row("ours", 96, 20.0, 170_000.0, 0.9, {"ns_per_value_without_mac": 15.0})


def test_the_results_are_written_with_the_names_that_others_read(tmp_path, capsys):
    missed = Target("ns per value", 20.0, 10.0)
    results = tmp_path / "bench.json"
    assert main([], {"wire": lambda: Report("Title", ["a note"], [ROW], [missed])}, results) == 0
    assert json.loads(results.read_text()) == [
        {"name": "ours", "batch": 96, "ns_per_value": 20.0, "messages_per_s": 170_000.0, "bytes_per_value": 0.9,
         "ns_per_value_without_mac": 15.0}
    ]  # fmt: skip
    printed = capsys.readouterr().out
    assert "a note" in printed
    assert "missed" in printed


def test_rows_that_disagree_end_the_run_without_results(tmp_path, capsys):
    def disagree():
        raise Disagreement("rows differ")

    assert main(["wire"], {"wire": disagree}, tmp_path / "bench.json") == 1
    assert "wire: rows differ" in capsys.readouterr().out
    assert not (tmp_path / "bench.json").exists()


def test_an_unknown_benchmark_is_wrong_use(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["wrie"], {"wire": lambda: None}, tmp_path / "bench.json")
    assert ended.value.code == 2
    assert "expected wire" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("target", "is_met"),
    [
        (Target("at most", 25.0, 25.0), True),
        (Target("at most", 25.1, 25.0), False),
        (Target("at least", 12.0, 12.0, is_least=True), True),
        (Target("at least", 11.9, 12.0, is_least=True), False),
    ],
)
def test_a_target_is_met_at_its_limit(target, is_met):
    assert target.is_met is is_met
