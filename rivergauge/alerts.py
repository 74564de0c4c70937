"""`rivergauge alerts`: whom flags reach, what waits, what was tried, and who has taken note."""

import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import typer

from gateway.alerts.channel import Away, Delivered, Outcome, Refused
from gateway.alerts.channels import make_channels
from gateway.alerts.entries import Attempt, Dispatch, Recipient
from gateway.alerts.letters import Letters
from gateway.settings import load_settings
from gateway.times import format_utc
from rivergauge.basin import load_basin
from rivergauge.gateway_commands import DEFAULT_CONFIG, FAILED, ConfigOption, JsonOption, open_journal
from rivergauge.listing import Form, choose_form, print_listing

__all__ = ["app"]

app = typer.Typer(
    help="Test, list, show and acknowledge what people are told of flags.", no_args_is_help=True, add_completion=False
)

Row = dict[str, str | int | float | None]
Ids = Annotated[list[int], typer.Argument(help="Numbers of alerts, from a message or from `alerts list`.")]
OUTCOME_COLUMNS = ["contact", "channel", "result", "answer"]
ATTEMPT_COLUMNS = ["alert", "contact", "channel", "why", "at", "result", "answer"]
COLUMNS = [
    "alert", "at", "kind", "station", "threshold", "acknowledged_by", "acknowledged_at",
    "contact", "channel", "why", "state", "attempts", "next_attempt_at", "answer", "id",
]  # fmt: skip
TABLE_COLUMNS = [column for column in COLUMNS if column not in ("acknowledged_at", "next_attempt_at", "id")]


@app.command()
def test(
    contact: Annotated[str | None, typer.Option("--contact", help="Only this contact of the basin file.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Send a test message to every contact now, and tell what each server answered; exit status 1 where one failed.

    Example: rivergauge alerts test --contact basin-organisation
    """
    settings = load_settings(config)
    basin = load_basin(settings.basin)
    names = [each.name for each in basin.alerts.everyone]
    if contact is not None and contact not in names:
        known = ", ".join(names) or "nobody: the basin file has no [alerts]"
        raise typer.BadParameter(f"--contact: found {contact!r}, expected one of {known}")
    letters = Letters(basin, settings.name)
    channels = {
        recipient: each
        for recipient, each in make_channels(basin, settings.alerts, _now_ms).items()
        if contact in (None, recipient.contact)
    }
    if not channels:
        typer.echo(f"{settings.basin}: no contacts; expected [alerts] with [[alerts.contact]]", err=True)
        raise typer.Exit(FAILED)

    def send(recipient: Recipient) -> Outcome:
        person, channel = channels[recipient]
        return channel.send(letters.write_test(recipient, person, uuid.uuid4().hex, _now_ms()), lambda: False)

    with ThreadPoolExecutor(len(channels)) as pool:  # at the same time, as alerts go
        outcomes = list(pool.map(send, channels))
    rows = [_outcome_row(recipient, outcome) for recipient, outcome in zip(channels, outcomes, strict=True)]
    if as_json:
        print_listing(rows, OUTCOME_COLUMNS, Form.JSON, "")
    else:
        for row in rows:
            typer.echo(f"{row['contact']} by {row['channel']}: {row['result']}, {row['answer']}")
    if not all(isinstance(outcome, Delivered) for outcome in outcomes):
        raise typer.Exit(FAILED)


@app.command("list")
def list_alerts(
    everything: Annotated[bool, typer.Option("--all", help="Also what is delivered and acknowledged.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """List what is not delivered or not acknowledged yet, a line for each contact and channel, the oldest first.

    Example: rivergauge alerts list --all --json
    """
    dispatches = open_journal(config).alerts.dispatches(only_open=not everything)
    rows = [_row(each) for each in dispatches]
    print_listing(rows, COLUMNS, choose_form(as_json), "all is delivered and acknowledged", TABLE_COLUMNS)


@app.command()
def show(ids: Ids, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Show every attempt to tell of an alert, the oldest first; those of the last month are kept.

    Example: rivergauge alerts show 17
    """
    alerts = open_journal(config).alerts
    dispatches = [each for each in alerts.dispatches() if each.alert.id in ids]
    _refuse_unknown("alert", sorted(set(ids) - {each.alert.id for each in dispatches}))
    rows = [_attempt_row(each, attempt) for each in dispatches for attempt in alerts.attempts(each.id)]
    print_listing(rows, ATTEMPT_COLUMNS, choose_form(as_json), "no attempt yet")


@app.command()
def acknowledge(
    ids: Ids,
    by: Annotated[str, typer.Option("--by", help="Who acknowledges.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Note that somebody has seen a raised flag, so that nobody else is told of it; the gateway may run or not.

    Example: rivergauge alerts acknowledge 17 --by "A. Usenova"
    """
    if not by.strip():
        raise typer.BadParameter("--by: found nothing, expected a name")
    with open_journal(config).transaction() as transaction:
        unknown = [each for each in ids if not transaction.alerts.acknowledge(each, by.strip(), _now_ms())]
    typer.echo(f"{len(ids) - len(unknown)} alert(s) acknowledged")
    _refuse_unknown("raised flag", unknown)


def _outcome_row(recipient: Recipient, outcome: Outcome) -> Row:
    match outcome:
        case Delivered(answer):
            result = "ok"
        case Refused(answer):
            result = "REFUSED"
        case Away(answer, _):
            result = "FAILED"
    return {"contact": recipient.contact, "channel": recipient.channel, "result": result, "answer": answer}


def _attempt_row(dispatch: Dispatch, attempt: Attempt) -> Row:
    return {
        "alert": dispatch.alert.id,
        "contact": dispatch.recipient.contact,
        "channel": dispatch.recipient.channel,
        "why": dispatch.why,
        "at": format_utc(attempt.at_ms),
        "result": attempt.result,
        "answer": attempt.answer,
    }


def _row(dispatch: Dispatch) -> Row:
    alert = dispatch.alert
    return {
        "alert": alert.id,
        "at": format_utc(alert.at_ms),
        "kind": alert.kind,
        "station": alert.flag.station if alert.flag else None,
        "threshold": alert.flag.threshold if alert.flag else None,
        "acknowledged_by": alert.acknowledged_by,
        "acknowledged_at": None if alert.acknowledged_at_ms is None else format_utc(alert.acknowledged_at_ms),
        "contact": dispatch.recipient.contact,
        "channel": dispatch.recipient.channel,
        "why": dispatch.why,
        "state": dispatch.state,
        "attempts": dispatch.attempts,
        "next_attempt_at": None if dispatch.is_settled else format_utc(dispatch.due_ms),
        "answer": dispatch.answer,
        "id": dispatch.id,
    }


def _refuse_unknown(what: str, ids: Sequence[int]) -> None:
    if ids:
        numbers = ", ".join(map(str, ids))
        typer.echo(f"no {what} {numbers}; `rivergauge alerts list --all` names those there are", err=True)
        raise typer.Exit(FAILED)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
