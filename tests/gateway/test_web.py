"""The gateway's web application: what each address answers, and what it never gives away."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gateway.bulletin import compose, write_bulletin
from gateway.stores.embedded import EmbeddedStore
from gateway.web import create_app
from rivergauge.basin import load_basin
from tests.fakes.flood import FROM_MS, TO_MS, fill_store, stage_m_at

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "basin.toml"
NOW_MS = TO_MS + 60_000
IN_PERIOD = {"station": "akdzhar", "from": "2018-08-30T05:00:00Z", "to": "2018-08-30T05:30:00Z"}


@pytest.fixture(scope="module")
def basin():
    return load_basin(EXAMPLE)


@pytest.fixture(scope="module")
def store(basin, tmp_path_factory):
    return fill_store(tmp_path_factory.mktemp("store") / "observations.sqlite", basin)


@pytest.fixture
def client(basin, store, tmp_path):
    return TestClient(create_app(store, basin, tmp_path / "bulletins", lambda: NOW_MS))


def test_the_first_page_shows_every_station_in_downstream_order(client):
    page = client.get("/").text
    river = page[page.index('class="river"') :]  # above it the raised flags are named
    positions = [river.index(f'href="/stations/{station}"') for station in ("uchkurgan", "akdzhar", "kokbulak")]
    assert positions == sorted(positions)


def test_the_first_page_shows_the_raised_flag_and_not_the_cleared_one(client):
    page = client.get("/").text
    assert page.count('<span class="flag above">warning</span>') == 2  # above the list and in the table
    assert page.count('<span class="flag') == 2


@pytest.mark.parametrize("address", ["/", "/stations/akdzhar"])
def test_every_page_is_headed_by_the_notice_of_the_basin(client, basin, address):
    assert basin.notice["en"] in client.get(address).text


def test_a_silent_station_is_marked_stale(client):
    assert client.get("/").text.count('class="stale"') == 1


def test_a_station_without_data_says_so(basin, tmp_path):
    empty = TestClient(create_app(EmbeddedStore(tmp_path / "none.sqlite"), basin, tmp_path, lambda: NOW_MS))
    assert empty.get("/").text.count("no usable stage in the last 7 days") == 3
    assert "No usable stage in this period." in empty.get("/stations/akdzhar").text


def test_the_page_of_a_station_shows_its_last_values_and_thresholds(client):
    page = client.get("/stations/uchkurgan").text
    assert f"<strong>{stage_m_at(143):.3f}</strong> m" in page
    assert "uchkurgan-example-1, revision 1" in page
    assert "4000001/144" in page
    assert page.count('class="hydrograph"') == 4  # stage and discharge, wide and narrow
    assert page.count('class="mark-name') == 4  # watch and warning, wide and narrow
    assert "watch, cleared" in page


def test_a_longer_period_shows_more_of_the_past(client):
    day, week = (client.get(f"/stations/akdzhar?days={days}").text for days in (1, 7))
    assert day.count('class="missing"') < week.count('class="missing"')


NOT_FOUND = {
    "an unknown station": "/stations/chinaz",
    "a station id that is a path": "/stations/..%2f..%2fetc%2fpasswd",
    "a period that is not offered": "/stations/akdzhar?days=100000",
    "a bulletin that was not issued": "/bulletins/none.html",
    "a bulletin above its folder": "/bulletins/..%2fsecret.txt",
    "a static file above its folder": "/static/..%2fapp.py",
    "anything else": "/admin",
}


@pytest.mark.parametrize("address", NOT_FOUND.values(), ids=NOT_FOUND.keys())
def test_not_found_is(client, tmp_path, address):
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "bulletins").mkdir()
    answer = client.get(address)
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_the_latest_bulletin_is_linked_and_served_without_leave_to_run_scripts(client, basin, store, tmp_path):
    for issued_ms in (TO_MS, TO_MS + 1000):
        paths = write_bulletin(compose(basin, store, FROM_MS, TO_MS, issued_ms), tmp_path / "bulletins")
    assert f'href="/bulletins/{paths.html.name}"' in client.get("/").text
    answer = client.get(f"/bulletins/{paths.html.name}")
    assert answer.text == paths.html.read_text()
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert client.get(f"/bulletins/{paths.json.name}").json()["basin"] == "syr-darya"


def test_a_file_in_the_folder_that_is_no_bulletin_is_not_served(client, tmp_path):
    (tmp_path / "bulletins").mkdir()
    (tmp_path / "bulletins" / "notes.html").write_text("private")
    assert client.get("/bulletins/notes.html").status_code == 404


@pytest.mark.parametrize("address", ["/", "/stations/akdzhar", "/nowhere", "/api/stations", "/static/style.css"])
def test_every_answer_forbids_foreign_content(client, address):
    headers = client.get(address).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_pages_name_no_foreign_address_and_hold_no_inline_style_or_script(client):
    for address in ("/", "/stations/akdzhar"):
        page = client.get(address).text
        assert "http:" not in page
        assert "https:" not in page
        assert "style=" not in page
        assert "<style" not in page
        assert page.count("<script") == 1


def test_names_are_escaped(basin, store, tmp_path):
    hostile = replace(basin.station("uchkurgan"), names={"en": "<img src=x onerror=alert(1)>", "ru": "</title>"})
    stations = tuple(hostile if each.id == "uchkurgan" else each for each in basin.stations)
    client = TestClient(create_app(store, replace(basin, stations=stations), tmp_path, lambda: NOW_MS))
    for address in ("/", "/stations/uchkurgan"):
        assert "<img" not in client.get(address).text


def test_programs_read_the_stations_with_provenance(client):
    answer = client.get("/api/stations").json()
    assert answer["now"] == "2018-08-31T12:01:00Z"
    assert {each["id"]: each["flags"] for each in answer["stations"]} == {
        "uchkurgan": [],
        "akdzhar": ["warning"],
        "kokbulak": [],
    }
    assert answer["stations"][0]["discharge"]["provenance"]["rating"] == "uchkurgan-example-1"


def test_programs_read_observations_and_revisions_of_a_period(client):
    rows = client.get("/api/observations", params=IN_PERIOD).json()["observations"]
    assert {row["observed_at"] for row in rows} == {"2018-08-30T05:00:00Z", "2018-08-30T05:15:00Z"}
    stages = [row for row in rows if row["variable"] == "stage_m"]
    assert [(row["value"], row["quality"], row["null_reason"]) for row in stages] == [(None, 9, 1), (None, 9, 1)]
    assert {row["variable"] for row in rows} == {"stage_m", "distance_m_count", "battery_v"}


def test_a_revision_names_the_record_it_was_derived_from(client):
    query = {**IN_PERIOD, "to": "2018-08-30T05:45:00Z"}
    rows = client.get("/api/observations", params=query).json()["observations"]
    (discharge,) = (row for row in rows if row["variable"] == "discharge_m3_s")
    assert (discharge["record_no"], discharge["rating"], discharge["revision_no"]) == (23, "akdzhar-example-1", 1)


def test_the_csv_holds_the_same_rows(client):
    answer = client.get("/api/observations.csv", params=IN_PERIOD)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    expected = client.get("/api/observations", params=IN_PERIOD).json()["observations"]
    assert [row["variable"] for row in rows] == [row["variable"] for row in expected]
    assert [row["record_no"] for row in rows] == [str(row["record_no"]) for row in expected]
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="akdzhar.csv"'


WRONG_QUERIES = {
    "no station": ({}, "station: found None, expected one of akdzhar, kokbulak, uchkurgan"),
    "an unknown station": ({"station": '"><script>'}, "station: found"),
    "a time without a zone": ({"station": "akdzhar", "from": "2018-08-30"}, "from: found '2018-08-30'"),
    "no time at all": ({"station": "akdzhar", "to": "yesterday"}, "to: found 'yesterday', expected a time such as"),
    "the wrong way round": (
        {"station": "akdzhar", "from": "2018-08-31T00:00Z", "to": "2018-08-30T00:00Z"},
        "expected from before to",
    ),
    "too long": ({"station": "akdzhar", "from": "2016-08-30T00:00Z"}, "at most 31 days"),
}


@pytest.mark.parametrize("address", ["/api/observations", "/api/observations.csv"])
@pytest.mark.parametrize(("query", "message"), WRONG_QUERIES.values(), ids=WRONG_QUERIES.keys())
def test_a_wrong_query_is_told_what_was_expected(client, address, query, message):
    answer = client.get(address, params=query)
    assert answer.status_code == 400
    assert message in answer.json()["error"]


def test_the_process_says_that_it_lives(client):
    assert client.get("/healthz").json() == {"status": "ok"}


def test_nothing_can_be_written_through_the_page(client):
    for address in ("/", "/stations/akdzhar", "/api/observations"):
        assert client.post(address).status_code == 405
