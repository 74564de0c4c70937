"""Topics, variables and their field names."""

import pytest

from protocol import topics, variables

NOT_TOPICS = {
    "another version": "rg/2/syr-darya/uchkurgan/data",
    "another tree": "xx/1/syr-darya/uchkurgan/data",
    "no leaf": "rg/1/syr-darya/uchkurgan",
    "one level too many": "rg/1/syr-darya/uchkurgan/data/x",
    "an unknown leaf": "rg/1/syr-darya/uchkurgan/datum",
    "a capital letter": "rg/1/syr-darya/Uchkurgan/data",
    "an empty station": "rg/1/syr-darya//data",
    "a wildcard": "rg/1/syr-darya/+/data",
    "a leading dash": "rg/1/-syr/uchkurgan/data",
    "33 letters": "rg/1/syr-darya/" + "u" * 33 + "/data",
    "the gateways' basin": "rg/1/gateway/g1/data",
    "a letter of another script": "rg/1/сыр/uchkurgan/data",
    "a full-width digit": "rg/1/syr\N{FULLWIDTH DIGIT ONE}/uchkurgan/data",
}


@pytest.mark.parametrize("text", NOT_TOPICS.values(), ids=NOT_TOPICS)
def test_what_is_no_topic_of_a_station_is_refused(text):
    with pytest.raises(topics.BadTopic):
        topics.parse_topic(text)


@pytest.mark.parametrize("leaf", topics.LEAVES)
def test_a_topic_is_parsed_to_what_it_was_made_of(leaf):
    made = topics.topic("syr-darya", "u" * 32, leaf)
    assert made == "rg/1/syr-darya/" + "u" * 32 + "/" + leaf
    assert topics.parse_topic(made) == ("syr-darya", "u" * 32, leaf)


def test_the_state_of_a_gateway_is_beside_the_basins():
    assert topics.gateway_state_topic("g1") == "rg/1/gateway/g1/state"
    with pytest.raises(topics.BadTopic):
        topics.gateway_state_topic("G1")


def test_codes_and_names_of_variables_are_one_to_one():
    for name in variables.names():
        assert variables.name_of(variables.code_of(name)) == name
    assert len(set(variables.names())) == len(variables.names())


@pytest.mark.parametrize("found", [0, 255])
def test_a_code_without_a_name_is_told(found):
    with pytest.raises(variables.UnknownVariable) as caught:
        variables.name_of(found)
    assert caught.value.found == found


def test_a_name_without_a_code_is_told_with_those_there_are():
    with pytest.raises(variables.UnknownVariable, match="stage_m"):
        variables.code_of("stage_ft")


FIELD_NAMES = {
    variables.INSTANT: "stage_m",
    variables.MEDIAN: "stage_m",
    variables.MEAN: "stage_m_mean",
    variables.MIN: "stage_m_min",
    variables.MAX: "stage_m_max",
    variables.STD: "stage_m_std",
    variables.COUNT: "stage_m_count",
    variables.TOTAL: "stage_m",
}


@pytest.mark.parametrize(("statistic", "expected"), FIELD_NAMES.items())
def test_the_statistic_is_in_the_name_of_a_field(statistic, expected):
    assert variables.field_name(variables.code_of("stage_m"), statistic) == expected


def test_an_unknown_statistic_has_no_field():
    with pytest.raises(ValueError, match="statistic 8"):
        variables.field_name(1, 8)
