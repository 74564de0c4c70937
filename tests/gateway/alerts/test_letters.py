"""What people read: whole, in their language, with units and zones, and nothing out of a file that could mislead."""

import re
from dataclasses import replace
from string import Formatter

import pytest

from gateway.alerts.entries import (
    CLEARED,
    EMAIL,
    PENDING,
    PROOF,
    RAISED,
    REFUSED,
    SUBSCRIBED,
    UNACKNOWLEDGED,
    UNDELIVERED,
    WEBHOOK,
    WITHDRAWN,
    Alert,
    Dispatch,
    Recipient,
)
from gateway.alerts.letters import Letters
from gateway.alerts.mail import compose
from gateway.alerts.words import WORDS
from gateway.observations import NOT_APPLICABLE, REMOVED, VALUE
from protocol.quality import GOOD, SUSPECT
from rivergauge.basin import Contact, SenmlName
from rivergauge.basin.thresholds import KINDS, LIMITS
from tests.fakes.publisher import RECORD_EVERY_MS, START_MS

WRITTEN_MS = START_MS + 2 * RECORD_EVERY_MS
CONTACTS = {language: Contact("duty", language, "duty@example.com") for language in WORDS}


@pytest.fixture
def write(with_contacts):
    def write_one(
        flag, kind=RAISED, language="en", why=SUBSCRIBED, quality=GOOD, refused=(), basin=None, at_ms=WRITTEN_MS
    ):
        basin = basin or with_contacts(CONTACTS[language], acknowledge_within_s=1800, proof_every_s=604_800)
        dispatch = Dispatch("id", Alert(kind, "key", at_ms, flag, id=17), why, Recipient("duty", EMAIL), PENDING, 0)
        return Letters(basin, "gateway-1").write(dispatch, CONTACTS[language], quality, refused)

    return write_one


def cleared(flag, by=VALUE):
    return replace(flag, state="cleared", cleared_at_ms=flag.raised_at_ms + 60_000, cleared_by=by)


def test_a_raised_flag_reads_like_this(write, flag):
    message = write(flag)
    assert message.subject == '[test-basin] Raised: "watch" at Upper, Test, Kyrgyzstan: 1.250 m'
    assert message.text == (
        'At Upper, Test, Kyrgyzstan the stage is at or above 1.000 m: the flag "watch" is raised.\n'
        'Threshold "watch": stage at or above 1.000 m; cleared at 0.800 m. Set by: round number.\n'
        "First beyond it: 2018-08-30 00:00 UTC. Flag raised: 2018-08-30 00:15 UTC (times of observation).\n"
        "Highest value so far: 1.250 m at 2018-08-30 00:15 UTC; quality: good.\n"
        "Where it comes from: station upper, configuration 1, sensor 1 (maxbotix-hrxl).\n"
        "Not known: what the water does after the times given. No person has checked the value.\n"
        "\n"
        "Written 2018-08-30 00:30 UTC by gateway gateway-1 of basin Test.\n"
        "Alert 17. To acknowledge it on the gateway: rivergauge alerts acknowledge 17 --by NAME\n"
    )


def test_a_program_gets_the_same_as_facts(write, flag):
    assert write(flag).facts == {
        "kind": "raised", "why": "subscribed", "alert": 17, "gateway": "gateway-1", "basin": "test-basin",
        "contact": "duty",
        "flag": {
            "version": 1, "basin": "test-basin", "station": "upper", "threshold": "watch", "kind": "level",
            "variable": "stage_m", "direction": "above", "state": "raised",
            "first_detected_at": "2018-08-30T00:00:00Z", "raised_at": "2018-08-30T00:15:00Z", "cleared_at": None,
            "peak": 1.25, "peak_at": "2018-08-30T00:15:00Z", "raise_value": 1.0, "clear_value": 0.8,
            "source": "round number", "cleared_by": None,
        },
    }  # fmt: skip


def test_every_language_has_the_same_words_with_the_same_places_to_fill_in():
    def places(language):
        return {key: sorted(field for _, field, _, _ in Formatter().parse(text) if field)
                for key, text in WORDS[language].items()}  # fmt: skip

    assert all(places(language) == places("en") for language in WORDS)


STORIES = {
    "raised": {},
    "raised, escalated": {"why": UNACKNOWLEDGED},
    "raised, not delivered": {"why": UNDELIVERED},
    "cleared by the value": {"kind": CLEARED, "by": VALUE},
    "cleared as not applicable": {"kind": CLEARED, "by": NOT_APPLICABLE},
    "cleared as removed": {"kind": CLEARED, "by": REMOVED},
    "withdrawn": {"kind": WITHDRAWN, "by": "withdrawn"},
    "quality not known": {"quality": None},
    "told late": {"at_ms": WRITTEN_MS + 86_400_000},
}
UNITS = r"(m|m³/s|m/h|m³/s per hour|м|м³/с|м/ч|м³/с за час)"


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("variable", LIMITS)
@pytest.mark.parametrize("direction", ["above", "below"])
@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_no_number_is_without_its_unit_and_no_time_without_its_zone(
    write, flag, language, kind, variable, direction, story
):
    story = dict(story)
    by = story.pop("by", None)
    flag = replace(flag, kind=kind, variable=variable, direction=direction)
    text = write(cleared(flag, by) if by else flag, language=language, **story).text
    figures = re.findall(r"\d+\.\d+(.?.{0,12})", text)
    assert figures
    assert all(re.match(rf"[ ]{UNITS}([ ,.;:]|$)", after) for after in figures)
    times = re.findall(r"\d\d:\d\d(.{4})", text)
    assert times
    assert set(times) == {" UTC"}
    assert "{" not in text


def test_the_story_is_told(write, flag):
    assert "back beyond 0.800 m" in write(cleared(flag), CLEARED).text
    assert "Flag cleared: 2018-08-30 00:16 UTC" in write(cleared(flag), CLEARED).text
    assert "says nothing about the water" in write(cleared(flag, REMOVED), CLEARED).text
    assert "came late" in write(cleared(flag, "withdrawn"), WITHDRAWN).text
    assert "Lowest value so far" in write(replace(flag, direction="below")).text
    assert "quality: suspect" in write(flag, quality=SUSPECT).text
    assert "quality: not known" in write(flag, quality=None).text
    assert "only 24 h after" in write(flag, at_ms=flag.raised_at_ms + 86_400_000).text
    assert "late news" not in write(flag).text


def test_where_it_comes_from_is_told(write, flag, with_contacts, basin):
    rated = replace(flag, variable="discharge_m3_s")
    assert "computed from the stage of station upper with rating upper-test-1 (round numbers)" in write(rated).text
    assert "station gone, which is no longer in the basin file" in write(replace(flag, station="gone")).text
    logger = SenmlName("level", "stage_m", 9, raises_flags=True)
    upper = replace(basin.stations[0], senml=(logger,))
    both = replace(with_contacts(), stations=(upper,))
    assert "nothing proves who sent that" in write(flag, basin=both).text
    mute = replace(with_contacts(), stations=(replace(upper, senml=(replace(logger, raises_flags=False),)),))
    assert "nothing proves who sent that" not in write(flag, basin=mute).text
    alone = replace(with_contacts(), stations=(replace(upper, sensors=()),))
    assert "another maker's logger at station upper" in write(flag, basin=alone).text


def test_an_escalation_says_why(write, flag):
    late = write(flag, why=UNACKNOWLEDGED)
    assert late.subject.startswith("[test-basin] Not acknowledged. Raised:")
    assert late.text.startswith("Nobody has acknowledged this alert within 30 min.\n\nAt Upper")
    alert = Alert(RAISED, "key", WRITTEN_MS, flag)
    refused = [Dispatch("id", alert, SUBSCRIBED, Recipient("kz", WEBHOOK), REFUSED, 0, 1, "404 not\r\nhere")]
    assert (
        "could not be delivered to: kz (webhook): 404 not here." in write(flag, why=UNDELIVERED, refused=refused).text
    )


def test_an_escalation_that_comes_after_its_cause_is_gone_says_so(write, flag):
    assert write(flag, why=UNDELIVERED).text.startswith(
        "This alert could not be delivered to everyone at first. By now"
    )


def test_a_proof_says_when_the_next_one_comes(write):
    message = write(None, PROOF)
    assert message.subject == "[test-basin] Proof: alerts of Test reach you"
    assert "reach duty by e-mail. The next one comes in 168 h." in message.text
    assert message.facts["kind"] == "proof"


def test_the_notice_of_the_basin_stands_first(write, flag, with_contacts):
    noticed = replace(with_contacts(), notice={"en": "Example data.", "ru": "Условные данные."})
    assert write(flag, basin=noticed).text.startswith("Example data.\n\nAt Upper")
    assert write(flag, basin=noticed, language="ru").text.startswith("Условные данные.\n\nПост")


EVIL = {
    "a header": "Upper\r\nBcc: everyone@example.com",
    "a line": "Upper\n\nThe flag is cleared.",
    "an unusual line": "Upper\u2028The flag is cleared.\x85\x0bMore.",
    "letters turned around": "Upper \u202edesiar si galf\u202c",
    "a control character": "Upper\x00\x1b[31m",
    "a place to fill in": "{source}{0}%s",
}


@pytest.mark.parametrize("name", EVIL.values(), ids=EVIL)
def test_a_name_from_a_file_can_neither_begin_a_header_nor_a_line(write, flag, with_contacts, basin, name):
    upper = replace(basin.stations[0], names={"en": name}, river={"en": name})
    states = {"KG": {"en": name}}
    evil = replace(with_contacts(), stations=(upper,), states=states, notice={"en": name}, names={"en": name})
    plain, message = write(flag), write(replace(flag, source=name), basin=evil)
    # The notice and the empty line after it are all that is more.
    assert message.text.count("\n") == plain.text.count("\n") + 2
    assert all(letter.isprintable() for letter in message.subject + message.text.replace("\n", ""))
    head = compose(message, "gauges@example.org", "duty@example.com").split(b"\r\n\r\n")[0]
    assert b"\r\nBcc" not in head
    assert len(re.findall(rb"(?m)^\S", head)) == 9, "as many headers as ever"


def test_a_test_says_that_there_is_nothing_to_do(with_contacts):
    letters = Letters(with_contacts(CONTACTS["ru"]), "gateway-1")
    message = letters.write_test(Recipient("duty", WEBHOOK), CONTACTS["ru"], "id", WRITTEN_MS)
    assert message.subject == "[test-basin] Проба: Test"
    assert "Делать ничего не нужно" in message.text
