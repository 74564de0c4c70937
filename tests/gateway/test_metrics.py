"""OpenMetrics text, read back by the parser of those who scrape it."""

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from gateway.metrics import COUNTER, GAUGE, Family, Sample, format_metrics


def parsed(families):
    return {family.name: family for family in text_string_to_metric_families(format_metrics(families))}


def test_a_counter_and_a_gauge_are_read_back():
    families = parsed(
        [
            Family("records_received", COUNTER, "since the start", [Sample(12)]),
            Family("lag_seconds", GAUGE, "how late", [Sample(1.5, (("store", "influxdb"),))], "seconds"),
        ]
    )
    received = families["rivergauge_records_received"]
    assert (received.type, received.documentation) == ("counter", "since the start")
    assert [(each.name, each.value) for each in received.samples] == [("rivergauge_records_received_total", 12)]
    lag = families["rivergauge_lag_seconds"]
    assert (lag.type, lag.unit) == ("gauge", "seconds")
    assert [(each.labels, each.value) for each in lag.samples] == [({"store": "influxdb"}, 1.5)]


@pytest.mark.parametrize("value", ['a "quoted" one', "a\\b", "two\nlines", "сток"])
def test_a_label_of_any_text_is_read_back(value):
    (family,) = parsed([Family("x", GAUGE, value, [Sample(1, (("label", value),))])]).values()
    assert family.samples[0].labels == {"label": value}
    assert family.documentation == value


def test_no_family_at_all_is_an_empty_answer_and_not_a_broken_one():
    assert parsed([]) == {}
