"""`rivergauge bulletin`: issue bulletins from what the gateway has stored, and list those issued."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.bulletin import compose, list_bulletins, write_bulletin
from gateway.settings import load_settings
from gateway.times import format_utc
from rivergauge.archive import open_archive
from rivergauge.listing import choose_form, print_listing
from rivergauge.times import utc_ms

__all__ = ["app"]

COLUMNS = ["identifier", "from", "to", "issued_at", "html", "json"]
TABLE_COLUMNS = ["from", "to", "issued_at", "html"]

ConfigOption = Annotated[Path, typer.Option(help="The gateway's settings.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="Folder of the bulletins, if not that of the settings.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(help="Issue bulletins, and list those issued.", no_args_is_help=True, add_completion=False)


@app.command()
def issue(
    from_ms: Annotated[int, typer.Option("--from", parser=utc_ms, metavar="TIME", help="Begin of the period.")],
    to_ms: Annotated[int, typer.Option("--to", parser=utc_ms, metavar="TIME", help="Time the period ends before.")],
    config: ConfigOption = Path("gateway.toml"),
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the bulletin of a period: one HTML page and one JSON file.

    Example: rivergauge bulletin issue --from 2018-08-30T00:00Z --to 2018-09-03T00:00Z
    """
    archive = open_archive(config)
    try:
        bulletin = compose(archive.basin, archive.reader, from_ms, to_ms, issued_at_ms=round(time.time() * 1000))
    except ValueError as error:
        period = f"{format_utc(from_ms)} to {format_utc(to_ms)}"
        raise typer.BadParameter(f"found {period}: {error}", param_hint="--from, --to") from None
    try:
        paths = write_bulletin(bulletin, out or archive.settings.bulletins)
    except OSError as error:
        typer.echo(f"The bulletin could not be written: {error}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps({"identifier": bulletin.identifier, "html": str(paths.html), "json": str(paths.json)}))
    else:
        typer.echo(f"{paths.html}\n{paths.json}")


@app.command("list")
def list_issued(
    config: ConfigOption = Path("gateway.toml"), out: OutOption = None, as_json: JsonOption = False
) -> None:
    """List the bulletins issued, the newest first.

    Example: rivergauge bulletin list --json
    """
    folder = out or load_settings(config).bulletins
    rows = [
        {
            "identifier": each.identifier,
            "from": format_utc(each.from_ms),
            "to": format_utc(each.to_ms),
            "issued_at": format_utc(each.issued_at_ms),
            "html": str(each.paths.html),
            "json": str(each.paths.json),
        }
        for each in list_bulletins(folder)
    ]
    print_listing(
        rows,
        COLUMNS,
        choose_form(as_json),
        table_columns=TABLE_COLUMNS,
        empty=f"No bulletin has been issued in {folder}.",
    )
