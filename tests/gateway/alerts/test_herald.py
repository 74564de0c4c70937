"""Which changes of a flag people are told, and who."""

from dataclasses import replace

import pytest

from gateway.alerts.entries import CLEARED, EMAIL, RAISED, UNACKNOWLEDGED, WEBHOOK, WITHDRAWN, Recipient
from gateway.alerts.herald import Herald
from gateway.journal import Journal
from gateway.observations import VALUE
from gateway.observations import WITHDRAWN as BY_WITHDRAWAL
from rivergauge.basin import Contact

DUTY = Contact("duty", "en", "duty@example.com", "https://example.com/flags")
HEAD = Contact("head", "en", "head@example.com")


@pytest.fixture
def tell(journal, clock, with_contacts):
    """Tell of flags, each in a transaction of its own, with these contacts."""

    def make(*contacts, into=journal):
        herald = Herald(with_contacts(*contacts), clock, lambda: None)

        def tell_of(*flags):
            for flag in flags:
                with into.transaction() as transaction:
                    herald.tell(transaction, flag)

        return tell_of

    return make


def cleared(flag, by=VALUE):
    return replace(flag, state="cleared", cleared_at_ms=flag.raised_at_ms + 1, cleared_by=by)


def told(journal):
    return [(each.alert.kind, each.recipient.contact, each.recipient.channel) for each in journal.alerts.dispatches()]


def test_a_raised_flag_is_due_to_everyone_at_the_same_instant(tell, journal, flag, clock):
    tell(DUTY, HEAD)(flag)
    assert told(journal) == [("raised", "duty", EMAIL), ("raised", "duty", WEBHOOK), ("raised", "head", EMAIL)]
    assert {each.due_ms for each in journal.alerts.dispatches()} == {clock.now_ms}
    assert {each.alert.flag for each in journal.alerts.dispatches()} == {flag}


def test_nobody_is_told_where_there_is_nobody(tell, journal, flag):
    tell()(flag, cleared(flag))
    assert told(journal) == []


FLAGS = {
    "a new peak is no news": ([{}, {"peak": 2.0}], [RAISED]),
    "the end is": ([{}, {"by": VALUE}], [RAISED, CLEARED]),
    "the end is told once": ([{}, {"by": VALUE}, {"by": VALUE, "peak": 2.0}], [RAISED, CLEARED]),
    "the end of what nobody was told of is no news": ([{"by": VALUE}], []),
    "raised again by what came late is news": ([{}, {"by": VALUE}, {}], [RAISED, CLEARED, RAISED]),
    "and its end again": ([{}, {"by": VALUE}, {}, {"by": VALUE}], [RAISED, CLEARED, RAISED, CLEARED]),
    "withdrawn is news": ([{}, {"by": BY_WITHDRAWAL}], [RAISED, WITHDRAWN]),
    "withdrawn after it was cleared is news": (
        [{}, {"by": VALUE}, {"by": BY_WITHDRAWAL}],
        [RAISED, CLEARED, WITHDRAWN],
    ),
    "another flag of the threshold is news": ([{}, {"first_detected_at_ms": 1}], [RAISED, RAISED]),
}


@pytest.mark.parametrize(("changes", "kinds"), FLAGS.values(), ids=FLAGS)
def test_what_is_news_and_what_is_not(tell, journal, flag, changes, kinds):
    flags = []
    for each in changes:
        by = each.pop("by", None)
        flags.append(replace(cleared(flag, by) if by else flag, **each))
    tell(HEAD)(*flags)
    assert [kind for kind, _, _ in told(journal)] == kinds
    names = [each.id for each in journal.alerts.dispatches()]
    assert len(set(names)) == len(names), "each has a name of its own"


WISHES = {
    "everything": (Contact("c", "en", "c@x"), True),
    "the threshold": (Contact("c", "en", "c@x", thresholds=("watch",)), True),
    "another threshold": (Contact("c", "en", "c@x", thresholds=("rapid-rise",)), False),
    "the station": (Contact("c", "en", "c@x", stations=("upper",)), True),
    "another station": (Contact("c", "en", "c@x", stations=("lower",)), False),
    "the country": (Contact("c", "en", "c@x", countries=("KG",)), True),
    "another country": (Contact("c", "en", "c@x", countries=("KZ",)), False),
    "another country and the station": (Contact("c", "en", "c@x", countries=("KZ",), stations=("upper",)), True),
    "the country and another threshold": (Contact("c", "en", "c@x", thresholds=("x",), countries=("KG",)), False),
}


@pytest.mark.parametrize(("contact", "is_told"), WISHES.values(), ids=WISHES)
def test_a_contact_is_told_of_what_the_basin_file_says(tell, journal, flag, contact, is_told):
    tell(contact)(flag)
    assert bool(told(journal)) == is_told


def test_two_gateways_give_an_alert_the_same_name(tell, journal, flag, clock, tmp_path):
    other = Journal(tmp_path / "other.sqlite")
    other.open()
    tell(HEAD)(flag, cleared(flag))
    clock.turn(60)
    tell(HEAD, DUTY, into=other)(replace(flag, first_detected_at_ms=1), flag, cleared(flag))
    names = {each.id for each in journal.alerts.dispatches()}
    assert len(names) == 2
    assert names < {each.id for each in other.alerts.dispatches()}
    other.close()


def test_a_transaction_that_fails_tells_nobody(tell, journal, flag, with_contacts, clock):
    herald = Herald(with_contacts(HEAD), clock, lambda: None)
    with pytest.raises(ZeroDivisionError), journal.transaction() as transaction:
        herald.tell(transaction, flag)
        raise ZeroDivisionError
    assert told(journal) == []


def test_who_got_the_escalation_hears_of_the_end(tell, journal, flag):
    tell_of = tell(HEAD)
    tell_of(flag)
    raised = journal.alerts.dispatches()[0].alert
    with journal.transaction() as transaction:
        transaction.alerts.add_dispatches(raised.id, raised.key, UNACKNOWLEDGED, [Recipient("chief", EMAIL)], 0)
    tell_of(cleared(flag))
    assert [who for kind, who, _ in told(journal) if kind == CLEARED] == ["chief", "head"]
