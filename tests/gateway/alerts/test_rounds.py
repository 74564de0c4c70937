"""What is not answered is escalated, the chain is proven, and what is old is forgotten."""

from dataclasses import replace

import pytest

from gateway.alerts import rounds as rounds_module
from gateway.alerts.alerts import Alerts
from gateway.alerts.entries import (
    DELIVERED,
    DROPPED,
    EMAIL,
    PENDING,
    PROOF,
    RAISED,
    REFUSED,
    UNACKNOWLEDGED,
    UNDELIVERED,
    Attempt,
)
from gateway.alerts.rounds import Rounds
from gateway.alerts.settings import AlertSettings
from rivergauge.basin import Contact

DUTY, HEAD = Contact("duty", "en", "duty@example.com"), Contact("head", "en", "head@example.com")
WITHIN_S, PROOF_S = 1800, 86_400


@pytest.fixture
def make(journal, clock, with_contacts):
    """Return the alerts of a gateway with a duty officer and a head to escalate to, and their rounds."""

    def make_one(**more):
        more = {"escalation": (HEAD,), "acknowledge_within_s": WITHIN_S} | more
        alerts = Alerts(with_contacts(DUTY, **more), "gateway-1", AlertSettings(), journal, clock)
        return alerts, alerts.workers[-1]

    return make_one


@pytest.fixture
def raised(make, journal, flag, clock):
    """Tell of a flag, in vain so far; return the rounds and the alert."""
    alerts, rounds = make()
    with journal.transaction() as transaction:
        alerts.herald.tell(transaction, flag)
    settle(journal, "duty", clock, PENDING, "away")
    (alert,) = journal.alerts.unacknowledged()
    return rounds, alert


def whys(journal):
    return [(each.recipient.contact, each.why) for each in journal.alerts.dispatches() if each.why != "subscribed"]


def settle(journal, contact, clock, result=DELIVERED, answer="250 OK"):
    """Have the last dispatch of a contact come to an end."""
    dispatch = [each for each in journal.alerts.dispatches() if each.recipient.contact == contact][-1]
    with journal.transaction() as transaction:
        transaction.alerts.add_attempt(dispatch.id, Attempt(clock.now_ms, result, answer), clock.now_ms)


def acknowledge(journal, alert, clock):
    with journal.transaction() as transaction:
        assert transaction.alerts.acknowledge(alert.id, "Ainura", clock.now_ms)


def test_what_nobody_acknowledges_in_time_is_escalated_once(raised, journal, clock):
    rounds, _ = raised
    clock.turn(WITHIN_S - 1)
    rounds.step()
    assert whys(journal) == []
    clock.turn(1)
    for _ in range(3):
        rounds.step()
        clock.turn(600)
    assert whys(journal) == [("head", UNACKNOWLEDGED)]


def test_what_another_gateway_tells_is_for_that_one_to_escalate(make, journal, clock, flag):
    alerts, rounds = make()
    with journal.transaction() as transaction:
        alerts.herald.tell(transaction, flag)
    clock.turn(WITHIN_S)
    rounds.step()
    assert whys(journal) == []
    settle(journal, "duty", clock)  # the other one is gone, and this one has told it
    clock.turn(WITHIN_S - 1)
    rounds.step()
    assert whys(journal) == []
    clock.turn(1)
    rounds.step()
    assert whys(journal) == [("head", UNACKNOWLEDGED)]


def test_what_somebody_acknowledged_is_not_escalated(raised, journal, clock):
    rounds, alert = raised
    acknowledge(journal, alert, clock)
    clock.turn(WITHIN_S)
    rounds.step()
    assert whys(journal) == []


def test_the_first_who_acknowledges_counts(raised, journal, clock):
    _, alert = raised
    acknowledge(journal, alert, clock)
    with journal.transaction() as transaction:
        assert transaction.alerts.acknowledge(alert.id, "Bakyt", clock.now_ms + 1)
        assert not transaction.alerts.acknowledge(alert.id + 1, "Bakyt", clock.now_ms)
    (dispatch,) = journal.alerts.dispatches()
    assert (dispatch.alert.acknowledged_by, dispatch.alert.acknowledged_at_ms) == ("Ainura", clock.now_ms)


def test_what_a_server_refuses_is_escalated_once_and_its_escalation_is_not(raised, journal, clock):
    rounds, alert = raised
    acknowledge(journal, alert, clock)
    settle(journal, "duty", clock, REFUSED, "550 no such user")
    rounds.step()
    rounds.step()
    assert whys(journal) == [("head", UNDELIVERED)]
    settle(journal, "head", clock, REFUSED, "550 neither")
    rounds.step()
    assert whys(journal) == [("head", UNDELIVERED)]


def test_a_proof_that_is_refused_is_escalated(make, journal, clock):
    _, rounds = make(proof_every_s=PROOF_S)
    rounds.step()
    settle(journal, "duty", clock, REFUSED, "550 no such user")
    rounds.step()
    assert whys(journal) == [("head", UNDELIVERED)]


def test_who_comes_new_is_not_told_of_long_ago(raised, journal, clock):
    rounds, _ = raised
    clock.turn(WITHIN_S + rounds_module.ESCALATION_LIMIT_MS / 1000)
    rounds.step()
    assert whys(journal) == []


def proofs(journal):
    return [(each.recipient.contact, each.state) for each in journal.alerts.dispatches() if each.alert.kind == PROOF]


def test_everyone_gets_a_proof_at_once_and_then_as_often_as_the_file_says(make, journal, clock):
    _, rounds = make(proof_every_s=PROOF_S)
    rounds.step()
    rounds.step()
    assert proofs(journal) == [("duty", PENDING), ("head", PENDING)]
    settle(journal, "duty", clock)
    clock.turn(PROOF_S - 1)
    rounds.step()
    assert len(proofs(journal)) == 2
    clock.turn(1)
    rounds.step()
    # No second one to whom the first one has not come.
    assert proofs(journal) == [("duty", DELIVERED), ("head", PENDING), ("duty", PENDING)]


def test_without_a_word_of_proofs_there_are_none(make, journal):
    _, rounds = make()
    rounds.step()
    assert proofs(journal) == []


def test_what_is_over_is_forgotten_after_a_year_and_what_is_not_never(make, journal, clock, flag):
    alerts, rounds = make(escalation=(), acknowledge_within_s=None)

    def tell(what):
        with journal.transaction() as transaction:
            alerts.herald.tell(transaction, what)

    over, lasting = flag, replace(flag, threshold="low-water")
    tell(over)
    settle(journal, "duty", clock)
    tell(replace(over, state="cleared", cleared_at_ms=flag.raised_at_ms, cleared_by="value"))
    settle(journal, "duty", clock)
    tell(lasting)
    settle(journal, "duty", clock)
    undelivered = replace(flag, threshold="undelivered")
    tell(undelivered)
    settle(journal, "duty", clock, PENDING, "away")
    clock.turn(rounds_module.KEPT_MS / 1000 - 1)
    rounds.step()
    assert len(journal.alerts.dispatches()) == 4
    attempts = {each.alert.flag.threshold: journal.alerts.attempts(each.id) for each in journal.alerts.dispatches()}
    assert set(map(len, attempts.values())) == {0}, "attempts are forgotten sooner"
    clock.turn(rounds_module.DAY_MS / 1000 + 2)
    rounds.step()
    kept = {each.alert.flag.threshold: each.attempts for each in journal.alerts.dispatches()}
    assert kept == {"low-water": 1, "undelivered": 1}
    tell(replace(lasting, peak=3.0))
    assert [each.alert.kind for each in journal.alerts.dispatches()] == [RAISED, RAISED], "a flag is raised once"


def test_the_rounds_rest_where_all_is_done(raised, journal, clock, with_contacts):
    alerting = with_contacts(DUTY, escalation=(HEAD,), acknowledge_within_s=WITHIN_S, proof_every_s=PROOF_S).alerts
    woken = []
    rounds = Rounds(alerting, "test-basin/gateway-1", journal, clock, lambda: woken.append(clock.now_ms))
    settle(journal, "duty", clock, REFUSED, "550 no such user")
    clock.turn(WITHIN_S)
    for _ in range(3):
        rounds.step()
        clock.turn(60)
    assert len(woken) == 1


def test_the_channels_of_a_contact_get_proofs_each(make, journal):
    both = replace(DUTY, name="head", webhook="http://127.0.0.1:1/")
    _, rounds = make(proof_every_s=PROOF_S, escalation=(both,))
    rounds.step()
    assert [each.recipient.channel for each in journal.alerts.dispatches()] == [EMAIL, EMAIL, "webhook"]


def test_what_waits_for_a_contact_who_is_gone_is_given_up_and_shown(raised, journal, clock, with_contacts):
    rounds = Alerts(with_contacts(HEAD), "gateway-1", AlertSettings(), journal, clock).workers[-1]
    rounds.step()
    (dispatch,) = journal.alerts.dispatches()
    assert (dispatch.state, dispatch.answer) == (DROPPED, "the contact is no longer in the basin file")
    assert journal.alerts.waiting() == []
