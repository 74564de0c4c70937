"""`rivergauge station new`: what is added is what the station is flashed from, and a wrong one changes nothing."""

import shutil

import pytest
from typer.testing import CliRunner

from rivergauge.basin import load_basin, station_configuration
from rivergauge.cli import main
from rivergauge.station import app
from tests.conftest import PROJECT

GIVEN = {
    "--station": "kampyrravat",
    "--name": 'Kampyr"ravat',
    "--river": "Kara Darya",
    "--country": "UZ",
    "--latitude": "40.7",
    "--longitude": "73.0",
    "--gauge-zero": "620.5",
    "--height-system": "Baltic 1977",
    "--zero-distance": "9.5",
    "--warning-stage": "2.5",
    "--warning-source": "Uzhydromet",
}


def words(path, **changes):
    given = {**GIVEN, **{"--" + name.replace("_", "-"): value for name, value in changes.items()}, "--basin": str(path)}
    return ["new", *(word for pair in given.items() for word in pair)]


@pytest.fixture
def basin(tmp_path):
    return shutil.copy(PROJECT / "deploy" / "basin.toml", tmp_path / "basin.toml")


def test_a_station_is_added_with_what_was_given(basin):
    before = basin.read_text()
    done = CliRunner().invoke(app, words(basin))
    assert done.exit_code == 0, done.output
    found = load_basin(basin)
    station = found.station("kampyrravat")
    assert station.names == dict.fromkeys(found.languages, 'Kampyr"ravat')
    assert (station.gauge_datum.height_m, station.latitude_deg, station.key_id) == (620.5, 40.7, "kampyrravat-1")
    (warning,) = station.thresholds
    assert (warning.raise_value, warning.clear_value, warning.source) == (2.5, 2.3, "Uzhydromet")
    broker = {"host": "127.0.0.1", "port": 1883}
    assert station_configuration(found, "kampyrravat", broker)["sensors"][0]["zero_distance_m"] == 9.5
    assert basin.read_text().startswith(before.rstrip("\n")), "what was there stays as it was"


@pytest.mark.parametrize(
    "change",
    [{"station": "akdzhar"}, {"station": "A b"}, {"country": "XX"}, {"latitude": "91"}, {"zero_distance": "500"}],
    ids=str,
)
def test_a_station_that_does_not_fit_leaves_the_file_as_it_was(basin, change, capsys, monkeypatch):
    before = basin.read_bytes()
    monkeypatch.setattr("sys.argv", ["rivergauge", "station", *words(basin, **change)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code != 0
    said = capsys.readouterr().err
    assert "expected" in said and ".new" not in said, "named is the file that the user knows"
    assert basin.read_bytes() == before and [path.name for path in basin.parent.iterdir()] == ["basin.toml"]
