"""Whether those who are to be told of flags could be."""

from dataclasses import replace

import pytest

from gateway.alerts.settings import NONE, STARTTLS, AlertSettings, SmtpSettings
from gateway.audit.alerts import audit_alerts
from gateway.audit.keys import audit_secrets
from rivergauge.basin import Alerting, Contact
from rivergauge.servers import free_port

DUTY = Contact("duty", "en", "duty@example.com")


def smtp(port, security=NONE):
    return SmtpSettings("127.0.0.1", port, "gauges@example.org", security)


def look(bench, alerts, *contacts):
    settings = replace(bench.settings, alerts=alerts)
    return {each.what: each for each in audit_alerts(settings, replace(bench.basin, alerts=Alerting(contacts)))}


def levels(found):
    return {what: finding.level.value for what, finding in found.items()}


def test_a_basin_without_contacts_is_well_and_that_is_said(bench):
    found = look(bench, AlertSettings())
    assert levels(found) == {"alerts": "ok"}
    assert "nobody" in found["alerts"].detail


def test_a_mail_server_is_logged_in_at_and_gets_no_mail(bench, mail_server):
    assert levels(look(bench, AlertSettings(smtp(mail_server.port)), DUTY)) == {"alerts": "ok", "mail server": "ok"}
    assert mail_server.mails == []


@pytest.mark.parametrize(
    ("security", "is_there", "said"), [(NONE, False, "refused"), (STARTTLS, True, "STARTTLS")], ids=["away", "in clear"]
)
def test_a_mail_server_that_cannot_be_used_is_a_problem(bench, mail_server, security, is_there, said):
    port = mail_server.port if is_there else free_port()
    finding = look(bench, AlertSettings(smtp(port, security)), DUTY)["mail server"]
    assert finding.level.value == "problem"
    assert said in finding.detail
    assert "[alerts.smtp]" in finding.advice


def test_mail_without_a_server_is_a_problem(bench):
    finding = look(bench, AlertSettings(), DUTY)["mail server"]
    assert (finding.level.value, finding.detail) == ("problem", "none, and there is mail for: duty")


def test_a_token_of_nobody_is_a_warning(bench, tmp_path):
    hook = Contact("room", "en", None, "https://example.org/")
    tokens = {"room": tmp_path / "a", "rooom": tmp_path / "b"}
    finding = look(bench, AlertSettings(webhook_token_files=tokens), hook)["webhook tokens"]
    assert (finding.level.value, finding.detail) == ("warning", "of no contact with a webhook: rooom")


def test_secrets_that_are_missing_or_open_to_others_are_told(bench, tmp_path):
    password, token = tmp_path / "password", tmp_path / "token"
    token.write_text("t")
    token.chmod(0o644)
    alerts = AlertSettings(replace(smtp(25), username="g", password_file=password), None, {"room": token})
    found = {each.what: each.detail for each in audit_secrets(replace(bench.settings, alerts=alerts))}
    assert "found nothing" in found["mail password"]
    assert "other users" in found["webhook token of room"]
