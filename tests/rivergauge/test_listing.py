"""Listings come in one of three forms, and times must say their zone."""

import pytest
import typer

from gateway.times import format_utc, parse_utc_ms
from rivergauge.listing import Form, choose_form, print_listing

ROWS = [{"station": "akdzhar", "stage_m": 0.5, "note": None}, {"station": "[red]x", "stage_m": None, "note": "a,b"}]


def listed(capsys, form, rows=ROWS, **options):
    print_listing(rows, ["station", "stage_m"], form, empty="nothing", **options)
    return capsys.readouterr().out


def test_a_table_shows_absent_values_as_blanks_and_text_as_it_is(capsys):
    assert [line.split() for line in listed(capsys, Form.TABLE).splitlines()] == [
        ["station", "stage_m"],
        ["akdzhar", "0.5"],
        ["[red]x"],
    ]


def test_a_table_writes_nothing_to_the_terminal_that_a_stranger_has_thought_of(capsys):
    shown = listed(capsys, Form.TABLE, rows=[{"station": "жайык\x1b[2J\u202e\x9b2J", "stage_m": None}])
    assert shown.replace("\n", "").isprintable() and "жайык" in shown


def test_a_table_shows_the_digits_that_mean_something_and_programs_get_all(capsys):
    rows = [{"station": "akdzhar", "stage_m": 141.86795179838063}]
    assert listed(capsys, Form.TABLE, rows=rows).split()[-1] == "141.868"
    assert listed(capsys, Form.CSV, rows=rows).splitlines()[-1] == "akdzhar,141.86795179838063"


def test_a_table_may_show_fewer_columns(capsys):
    assert "stage_m" not in listed(capsys, Form.TABLE, table_columns=["station"])
    assert "stage_m" in listed(capsys, Form.CSV, table_columns=["station"])


def test_csv_and_json_hold_the_columns_asked_for(capsys):
    assert listed(capsys, Form.CSV) == "station,stage_m\nakdzhar,0.5\n[red]x,\n"
    assert '"stage_m": null' in listed(capsys, Form.JSON)
    assert "note" not in listed(capsys, Form.JSON)


def test_nothing_to_list_is_said_to_people_and_is_an_empty_list_to_programs(capsys):
    assert listed(capsys, Form.TABLE, rows=[]) == "nothing\n"
    assert listed(capsys, Form.CSV, rows=[]) == "station,stage_m\n"
    assert listed(capsys, Form.JSON, rows=[]) == "[]\n"


def test_two_forms_at_once_are_refused():
    with pytest.raises(typer.BadParameter, match="found both"):
        choose_form(as_json=True, as_csv=True)


TIMES = {
    "zulu": ("2018-08-30T00:00Z", 1_535_587_200_000),
    "an offset": ("2018-08-30T05:00+05:00", 1_535_587_200_000),
    "seconds and milliseconds": ("2018-08-30T00:00:01.250Z", 1_535_587_201_250),
    "a space": ("2018-08-30 00:00Z", 1_535_587_200_000),
}


@pytest.mark.parametrize(("text", "at_ms"), TIMES.values(), ids=TIMES.keys())
def test_a_time_with_its_zone_is_read(text, at_ms):
    assert parse_utc_ms(text) == at_ms
    assert parse_utc_ms(format_utc(at_ms)) == at_ms


NO_TIMES = {
    "without a zone": ("2018-08-30T11:00", "expected 2018-08-30T11:00Z if UTC is meant"),
    "a day": ("2018-08-30", "expected 2018-08-30T00:00Z if UTC is meant"),
    "words": ("yesterday", "expected a time such as"),
    "nothing": ("", "expected a time such as"),
    "a day that is not": ("2018-02-30T00:00Z", "expected a time such as"),
}


@pytest.mark.parametrize(("text", "message"), NO_TIMES.values(), ids=NO_TIMES.keys())
def test_what_is_not_a_time_with_a_zone_is_refused_with_what_to_write(text, message):
    with pytest.raises(ValueError, match=message):
        parse_utc_ms(text)
