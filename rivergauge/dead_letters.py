"""`rivergauge deadletters`: what could not be stored, and what to do about it."""

from typing import Annotated

import typer

from gateway.entries import DeadLetter
from gateway.times import format_utc
from rivergauge.gateway_commands import DEFAULT_CONFIG, FAILED, ConfigOption, JsonOption, open_journal
from rivergauge.listing import Form, choose_form, print_listing

__all__ = ["app"]

app = typer.Typer(
    help="List, show, replay or drop what could not be stored.", no_args_is_help=True, add_completion=False
)

Ids = Annotated[list[int], typer.Argument(help="Numbers from `rivergauge deadletters list`.")]
COLUMNS = ["id", "received_at", "reason", "topic", "log_id", "record_no", "authenticated", "bytes"]


@app.command("list")
def list_letters(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """List the dead letters, the oldest first.

    Example: rivergauge deadletters list --json
    """
    rows = [_row(letter) for letter in open_journal(config).dead_letters()]
    print_listing(rows, COLUMNS, choose_form(as_json), "no dead letters")


@app.command()
def show(ids: Ids, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Show dead letters with their bytes in hex; `rivergauge decode` explains them.

    Example: rivergauge deadletters show 12
    """
    letters = {letter.id: letter for letter in open_journal(config).dead_letters()}
    _refuse_unknown([each for each in ids if each not in letters])
    rows = [{**_row(letters[each]), "payload": letters[each].payload.hex()} for each in ids]
    if as_json:
        print_listing(rows, [*COLUMNS, "payload"], Form.JSON, "")
        return
    for row in rows:
        for name, value in row.items():
            typer.echo(f"{name}: {value}")
        typer.echo()


@app.command()
def replay(ids: Ids, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Have dead letters tried again, on the way that every message goes; the gateway does it while it runs.

    Example: rivergauge deadletters replay 12 13
    """
    with open_journal(config).transaction() as transaction:
        unknown = [each for each in ids if not transaction.ask_for_replay(each)]
    typer.echo(f"{len(ids) - len(unknown)} dead letter(s) will be tried again within seconds of the gateway running")
    _refuse_unknown(unknown)


@app.command()
def drop(ids: Ids, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Remove dead letters for good; they stay counted.

    Example: rivergauge deadletters drop 12
    """
    with open_journal(config).transaction() as transaction:
        unknown = [each for each in ids if not transaction.drop_dead_letter(each)]
    typer.echo(f"{len(ids) - len(unknown)} dead letter(s) dropped")
    _refuse_unknown(unknown, "; a record that one store has refused stays until the others have passed it")


def _row(letter: DeadLetter) -> dict[str, str | int | float | None]:
    return {
        "id": letter.id,
        "received_at": format_utc(letter.at_ms),
        "reason": letter.reason,
        "topic": letter.topic,
        "log_id": letter.log_id,
        "record_no": letter.record_no,
        "authenticated": "yes" if letter.authenticated else "no",
        "bytes": len(letter.payload),
    }


def _refuse_unknown(ids: list[int], more: str = "") -> None:
    if ids:
        numbers = ", ".join(map(str, ids))
        typer.echo(f"no dead letter {numbers}; `rivergauge deadletters list` names those there are{more}", err=True)
        raise typer.Exit(FAILED)
