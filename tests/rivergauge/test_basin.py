"""The basin file: what is right is read, and every mistake is told with line, what was found and what was expected."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rivergauge.basin import BasinError, load_basin, station_configuration

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "basin.toml"


@pytest.fixture(scope="module")
def example():
    return load_basin(EXAMPLE)


def test_the_example_holds_three_stations_of_three_states(example):
    assert {station.id: station.country for station in example.stations} == {
        "akdzhar": "TJ",
        "kokbulak": "KZ",
        "uchkurgan": "KG",
    }


def test_every_station_of_the_example_is_described_alike(example):
    assert len({tuple(threshold.name for threshold in station.thresholds) for station in example.stations}) == 1
    assert all(station.rating is not None for station in example.stations)


def test_stations_are_ordered_downstream_whatever_the_order_of_the_file(example):
    assert [station.id for station in example.downstream_order()] == ["uchkurgan", "akdzhar", "kokbulak"]


def test_a_name_may_be_given_in_more_languages_than_the_basin_has(example):
    assert example.station("kokbulak").names == {"en": "Kokbulak", "ru": "Кокбулак", "kk": "Көкбұлақ"}


def test_the_example_says_at_its_head_that_its_data_is_illustrative(example):
    assert "illustrative" in example.notice["en"]


def test_a_station_may_say_since_when_it_is_there(tmp_path, example):
    path = changed(tmp_path, ('key_id = "akdzhar-1"', 'commissioned = 2018-04-01T00:00:00Z\nkey_id = "akdzhar-1"'))
    assert load_basin(path).station("akdzhar").commissioned == datetime(2018, 4, 1, tzinfo=UTC)
    assert example.station("akdzhar").commissioned is None


def test_a_basin_needs_no_notice(tmp_path):
    text = re.sub(r"\[basin\.notice\]\n.*?\n\n", "", EXAMPLE.read_text(), flags=re.DOTALL)
    (tmp_path / "basin.toml").write_text(text)
    assert load_basin(tmp_path / "basin.toml").notice == {}


def test_a_threshold_applies_from_its_first_moment_until_just_before_its_last(tmp_path):
    path = changed(
        tmp_path,
        ("valid_from = 1950-01-01T00:00:00Z", "valid_from = 1950-01-01T00:00:00Z\nvalid_to = 1951-01-01T00:00:00Z"),
    )
    threshold = load_basin(path).station("akdzhar").thresholds[0]
    begin_ms = int(datetime(1950, 1, 1, tzinfo=UTC).timestamp()) * 1000
    end_ms = int(datetime(1951, 1, 1, tzinfo=UTC).timestamp()) * 1000
    assert [threshold.applies_at(at_ms) for at_ms in (begin_ms - 1, begin_ms, end_ms - 1, end_ms)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_station_is_told_what_its_board_needs(example):
    assert station_configuration(example, "kokbulak", {"host": "127.0.0.1", "port": 1883}) == {
        "configuration_no": 1,
        "basin": "syr-darya",
        "station": "kokbulak",
        "key_id": "kokbulak-1",
        "broker": {"host": "127.0.0.1", "port": 1883},
        "sampling": {"record_every_s": 900, "send_every_s": 900},
        "sensors": [
            {
                "sensor_no": 1,
                "kind": "maxbotix-hrxl-wrl",
                "port": 1,
                "power_switch": 1,
                "burst": 7,
                "zero_distance_m": 9.0,
                "statistics": ["median", "count"],
            }
        ],
    }


def test_an_unknown_station_has_no_configuration(example):
    with pytest.raises(KeyError, match="chinaz"):
        station_configuration(example, "chinaz", {"host": "127.0.0.1", "port": 1883})


def changed(folder, *changes):
    """Write the example with the first occurrence of each text replaced."""
    text = EXAMPLE.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "basin.toml"
    path.write_text(text)
    return path


def problems_of(path):
    with pytest.raises(BasinError) as raised:
        load_basin(path)
    return raised.value.problems


SECOND_SENSOR = """
[[station.sensor]]
sensor_no = {no}
kind = "maxbotix-hrxl"
port = {port}
power_switch = 2
burst = 7
zero_distance_m = 4.5

[station.rating]"""

# A text of the example, what it is changed to, and the path, found and expected that are told.
MISTAKES = {
    "a topic that cannot be": (
        'code = "syr-darya"',
        'code = "Syr Darya"',
        "basin.code",
        '"Syr Darya"',
        "a-z, 0-9 and -",
    ),
    "a reserved basin": ('code = "syr-darya"', 'code = "gateway"', "basin.code", '"gateway"', "reserved"),
    "an empty list of languages": ('["en", "ru"]', "[]", "basin.languages", "a list of 0", 'such as ["en", "ru"]'),
    "an empty translation": ('ru = "Акджар"', 'ru = ""', "station[akdzhar].names.ru", '""', "a text in this language"),
    "an empty notice": ('ru = "Пример:', 'ru = "" # "', "basin.notice.ru", '""', "a text in this language"),
    "a state that is not listed": (
        'country = "TJ"',
        'country = "TX"',
        "station[akdzhar].country",
        '"TX"',
        "KZ, KG, TJ, UZ",
    ),
    "a latitude in minutes": (
        "latitude_deg = 40.7 ",
        "latitude_deg = 2442",
        "station[akdzhar].latitude_deg",
        "2442",
        "-90 to 90",
    ),
    "a text for a number": (
        "longitude_deg = 70.7",
        'longitude_deg = "70.7"',
        "station[akdzhar].longitude_deg",
        '"70.7"',
        "a number",
    ),
    "not a number": (
        "longitude_deg = 70.7",
        "longitude_deg = nan",
        "station[akdzhar].longitude_deg",
        "nan",
        "a number",
    ),
    "a truth value for a number": (
        "burst = 7",
        "burst = true",
        "station[akdzhar].sensor[1].burst",
        "true",
        "a whole number",
    ),
    "an unknown key": (
        "power_switch = 1",
        "power_switch = 1\npowerswitch = 1",
        "station[akdzhar].sensor[1].powerswitch",
        "unknown key",
        "power_switch (perhaps",
    ),
    "an unknown kind of sensor": (
        '"maxbotix-hrxl-wrl"',
        '"maxbotix-hrlx-wrl"',
        "station[akdzhar].sensor[1].kind",
        '"maxbotix-hrlx-wrl"',
        "perhaps maxbotix-hrxl-wrl?",
    ),
    "a sensor out of its own reach": (
        "zero_distance_m = 9.0",
        "zero_distance_m = 45",
        "station[akdzhar].sensor[1].zero_distance_m",
        "45",
        "from 0.5 to 19.98 m",
    ),
    "the same sensor number again": (
        "\n[station.rating]",
        SECOND_SENSOR.format(no=1, port=2),
        "station[akdzhar].sensor[1].sensor_no",
        "1 a second time",
        "that no other has",
    ),
    "the same port again": (
        "\n[station.rating]",
        SECOND_SENSOR.format(no=2, port=1),
        "station[akdzhar].sensor[2].port",
        "1 a second time",
        "that no other has",
    ),
    "the same station again": (
        'id = "kokbulak"',
        'id = "uchkurgan"',
        "station[uchkurgan].id",
        "uchkurgan a second time",
        "that no other has",
    ),
    "an interval that drifts over the day": (
        "record_every_s = 900",
        "record_every_s = 1000",
        "station[akdzhar].sampling.record_every_s",
        "1000",
        "a divisor of a day",
    ),
    "sending between records": (
        "send_every_s = 900",
        "send_every_s = 1000",
        "station[akdzhar].sampling.send_every_s",
        "1000",
        "a multiple of record_every_s (900)",
    ),
    "a rating with a point missing": (
        "[60.0, 95.0,",
        "[60.0,",
        "station[akdzhar].rating.discharges_m3_s",
        "10 discharges",
        "11, one for each",
    ),
    "a rating that falls": (
        "[60.0, 95.0,",
        "[60.0, 59.0,",
        "station[akdzhar].rating.discharges_m3_s",
        "59 after 60",
        "never fall",
    ),
    "a rating with a stage twice": (
        "[0.00, 0.25,",
        "[0.25, 0.25,",
        "station[akdzhar].rating.stages_m",
        "0.25 after 0.25",
        "rise",
    ),
    "a rating of one point": (
        "stages_m        = [0.00, 0.25, 0.50, 0.75, 1.00, 1.50, 2.00, 2.50, 3.00, 3.50, 4.00]",
        "stages_m = [1.0]",
        "station[akdzhar].rating.stages_m",
        "1 stages",
        "2 to 200",
    ),
    "an interpolation nobody knows": (
        'interpolation = "log" ',
        'interpolation = "spline" ',
        "station[akdzhar].rating.interpolation",
        '"spline"',
        "one of linear, log",
    ),
    "a clear value on the wrong side": (
        "clear_value = 0.80",
        "clear_value = 1.20",
        "station[akdzhar].threshold[watch].clear_value",
        "1.2",
        "less than raise_value (1)",
    ),
    "a clear value that equals the raise value": (
        "clear_value = 0.80",
        "clear_value = 1.00",
        "station[akdzhar].threshold[watch].clear_value",
        "1",
        "less than raise_value (1)",
    ),
    "a low threshold that clears lower still": (
        'direction = "above"\nraise_value = 1.00\nclear_value = 0.80',
        'direction = "below"\nraise_value = 1.00\nclear_value = 0.80',
        "station[akdzhar].threshold[watch].clear_value",
        "0.8",
        "more than raise_value (1)",
    ),
    "a level above the sea instead of gauge zero": (
        "raise_value = 1.00",
        "raise_value = 348.00",
        "station[akdzhar].threshold[watch].raise_value",
        "348.0",
        "-50 to 100 m",
    ),
    "a threshold without a source": (
        'source = "illustrative round number, set by no agency"',
        'source = " "',
        "station[akdzhar].threshold[watch].source",
        '" "',
        "who set the threshold",
    ),
    "a time without a zone": (
        "valid_from = 1950-01-01T00:00:00Z",
        "valid_from = 1950-01-01T00:00:00",
        "station[akdzhar].threshold[watch].valid_from",
        "1950-01-01 00:00:00",
        "with its zone",
    ),
    "a threshold that ends before it begins": (
        "valid_from = 1950-01-01T00:00:00Z",
        "valid_from = 1950-01-01T00:00:00Z\nvalid_to = 1949-01-01T00:00:00Z",
        "station[akdzhar].threshold[watch].valid_to",
        "1949-01-01",
        "a time after valid_from",
    ),
    "the same threshold again": (
        'name = "warning"',
        'name = "watch"',
        "station[akdzhar].threshold[watch].name",
        '"watch" a second time',
        "a name that no other",
    ),
    "a neighbour nobody knows": (
        'station = "uchkurgan"',
        'station = "chinaz"',
        "station[akdzhar].upstream",
        '"chinaz"',
        "the id of a station",
    ),
    "an unknown key of a neighbour": (
        "travel_time_s = 108_000",
        "travel_time_s = 108_000, travel_time_h = 30",
        "station[akdzhar].upstream[uchkurgan].travel_time_h",
        "unknown key",
        "travel_time_s",
    ),
    "water that flows in a circle": (
        'station = "uchkurgan"',
        'station = "akdzhar"',
        "station[akdzhar].upstream",
        "upstream of itself",
        "never lead back",
    ),
}


@pytest.mark.parametrize(("old", "new", "path", "found", "expected"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_with_its_line_what_was_found_and_what_was_expected(
    tmp_path, old, new, path, found, expected
):
    file = changed(tmp_path, (old, new))
    (problem,) = problems_of(file)
    assert (problem.file, problem.path) == (file, path)
    assert found in problem.found
    assert expected in problem.expected
    key = path.rpartition(".")[2]
    assert re.search(rf"\b{key}\b", file.read_text().splitlines()[problem.line - 1])


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path):
    file = changed(
        tmp_path, ('code = "syr-darya"', "code = 1"), ("burst = 7", "burst = 0"), ('country = "KG"', "country = 3")
    )
    assert [problem.path for problem in problems_of(file)] == [
        "basin.code",
        "station[akdzhar].sensor[1].burst",
        "station[uchkurgan].country",
    ]


def test_a_missing_key_is_told_on_the_line_of_its_table(tmp_path):
    file = changed(tmp_path, ("height_m = 347.00                       # illustrative\n", ""))
    (problem,) = problems_of(file)
    assert problem.path == "station[akdzhar].gauge_datum.height_m"
    assert file.read_text().splitlines()[problem.line - 1].startswith("[station.gauge_datum]")
    assert problem.found == "nothing"


def test_a_missing_translation_is_told_on_the_line_of_the_names(tmp_path):
    file = changed(tmp_path, ('ru = "Акджар", ', ""))
    (problem,) = problems_of(file)
    assert (problem.path, problem.found) == ("station[akdzhar].names.ru", "nothing")
    assert file.read_text().splitlines()[problem.line - 1].startswith('names = { en = "Akdzhar"')


def test_a_missing_table_is_told_once_and_not_again_for_each_of_its_keys(tmp_path):
    file = changed(tmp_path, ("[station.sampling]  ", "[station.samplings] #"))
    assert [problem.path for problem in problems_of(file)] == [
        "station[akdzhar].sampling",
        "station[akdzhar].samplings",
    ]


def test_a_station_without_thresholds_is_a_mistake_since_its_silence_would_be_taken_for_safety(tmp_path):
    text = EXAMPLE.read_text()
    without = re.sub(r"\[\[station\.threshold\]\].*?(?=\n\[\[station\]\]|\Z)", "\n", text, count=1, flags=re.DOTALL)
    file = tmp_path / "basin.toml"
    file.write_text(without)
    (problem,) = problems_of(file)
    assert (problem.path, problem.found) == ("station[akdzhar].threshold", "no threshold")


UNREADABLE = {
    "not TOML": (b"[basin\ncode = 1\n", 1, "not TOML"),
    "cut off": (b'[basin]\ncode = "syr', 2, "not TOML"),
    "not UTF-8": (b"[basin]\n# \xd1\nnames = 1", 2, "byte 0xd1"),
    "empty": (b"", None, "nothing"),
}


@pytest.mark.parametrize(("content", "line", "found"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_file_that_cannot_be_read_says_where(tmp_path, content, line, found):
    file = tmp_path / "basin.toml"
    file.write_bytes(content)
    problem = problems_of(file)[0]
    assert problem.line == line
    assert found in problem.found


def test_a_file_that_is_not_there_says_so(tmp_path):
    (problem,) = problems_of(tmp_path / "none.toml")
    assert str(problem) == f"{tmp_path}/none.toml: found No such file or directory, expected a readable TOML file"


def test_a_problem_reads_as_one_line_with_file_and_line(tmp_path):
    file = changed(tmp_path, ("clear_value = 0.80", "clear_value = 1.20"))
    (problem,) = problems_of(file)
    assert str(problem) == (
        f"{file}:{problem.line}: station[akdzhar].threshold[watch].clear_value: "
        "found 1.2, expected less than raise_value (1), as direction is above"
    )
