"""The demo, run as people run it: real MicroPython, real Mosquitto, the real gateway."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

RIVERGAUGE = str(Path(sys.executable).with_name("rivergauge"))
KEYS = {
    "stations", "records_measured", "records_stored", "records_lost", "duplicates", "dead", "flags", "max_abs_error_m",
    "bulletin", "url",
}  # fmt: skip
FLOOD_STAGES_M = [0.40, 0.40, 0.45, 0.9, 1.6, 2.1, 1.9, 1.4, 0.9, 0.7, 0.6, 0.55, 0.5, 0.5, 0.5, 0.5, 0.5]


def demo(*arguments, **options):
    command = [RIVERGAUGE, "demo", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


@pytest.fixture
def flood_csv(tmp_path):
    path = tmp_path / "flood.csv"
    rows = [f"2020-05-01T{n // 4:02}:{n % 4 * 15:02}Z,{stage_m}" for n, stage_m in enumerate(FLOOD_STAGES_M)]
    path.write_text("\n".join(["time,stage_m", *rows]) + "\n")
    return path


@pytest.fixture
def real_parts(part):
    part("mosquitto"), part("micropython")


def test_a_replayed_flood_is_stored_to_the_millimetre_and_raises_and_clears_its_flags(real_parts, flood_csv, tmp_path):
    done = demo("--replay", flood_csv, "--speed", "max", "--json", "--folder", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary.keys() >= KEYS
    assert [station["records_measured"] for station in summary["stations"]] == [len(FLOOD_STAGES_M)] * 3
    assert summary["records_stored"] == summary["records_measured"] == 3 * len(FLOOD_STAGES_M)
    assert (summary["records_lost"], summary["duplicates"], summary["dead"]) == (0, 0, 0)
    assert summary["max_abs_error_m"] <= 0.001
    warnings = [flag for flag in summary["flags"] if flag["threshold"] == "warning"]
    assert [flag["state"] for flag in warnings] == ["cleared"] * 3
    assert {flag["first_detected_at"] for flag in warnings} == {"2020-05-01T01:00:00Z"}
    assert Path(summary["bulletin"]).exists()


def test_a_river_higher_than_the_sensor_hangs_is_measured_all_the_same(real_parts, tmp_path):
    path = tmp_path / "high.csv"
    path.write_text("time,stage_m\n2020-05-01T00:00Z,12.00\n2020-05-01T00:15Z,12.50\n2020-05-01T00:30Z,12.25\n")
    summary = json.loads(demo("--replay", path, "--speed", "max", "--json", "--folder", tmp_path / "out").stdout)
    assert summary["records_lost"] == 0
    assert summary["max_abs_error_m"] <= 0.001
    assert all(station["records_without_stage"] == 0 for station in summary["stations"])


def test_a_folder_with_files_in_it_is_left_as_it_is(tmp_path):
    (tmp_path / "basin.toml").write_text("mine")
    done = demo("--folder", tmp_path, "--seconds", "1")
    assert done.returncode == 2
    assert "--folder" in done.stderr and "Traceback" not in done.stderr
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("basin.toml", "mine")]


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    done = demo("--folder", tmp_path / "file", "--seconds", "1")
    assert (done.returncode, done.stderr) == (1, f"{tmp_path}/file: File exists; `rivergauge demo` could not go on\n")


def test_ctrl_c_ends_everything_and_prints_the_summary(real_parts, tmp_path):
    command = [RIVERGAUGE, "demo", "--json", "--folder", str(tmp_path / "out")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    time.sleep(8)
    os.kill(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    summary = json.loads(output)
    assert process.returncode == 0
    assert summary["synthetic"] is True
    assert summary["records_stored"] == summary["records_measured"] > 0
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--speed", "fast"], "expected a number above 0, or max"),
        (["--from", "2020-05-01T00:00Z"], "belong to --replay"),
        (["--replay", "flood.csv", "--from", "2020-05-01"], "a time without a zone"),
        (["--replay", "flood.csv", "--from", "2021-01-01T00:00Z", "--to", "2021-01-02T00:00Z"], "found rows from"),
        (["--replay", "missing.csv"], "missing.csv"),
        (["--replay", "wrong.csv"], "line 1: found the columns time,height"),
        (["--basin", "wrong.toml"], "wrong.toml:2: basin.code: found"),
    ],
    ids=["speed", "times without a file", "no zone", "outside the file", "no file", "wrong columns", "wrong basin"],
)
def test_wrong_use_is_explained_with_exit_status_2(flood_csv, arguments, said):
    folder = flood_csv.parent
    (folder / "wrong.csv").write_text("time,height\n2020-05-01T00:00Z,1\n")
    (folder / "wrong.toml").write_text("[basin]\ncode = 'NOT AN ID'\n")
    arguments = [str(folder / each) if each.endswith((".csv", ".toml")) else each for each in arguments]
    done = demo(*arguments)
    assert done.returncode == 2
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
