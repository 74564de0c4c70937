"""[web] in gateway.toml: where the page listens, and for whom."""

from dataclasses import dataclass
from pathlib import Path

from gateway.broker_settings import PORT_LIMIT
from rivergauge.basin.document import Table

__all__ = ["LOOPBACK", "WebSettings", "read_web"]

LOOPBACK = ("127.0.0.1", "::1", "localhost")
EVERYWHERE = ("0.0.0.0", "::")


@dataclass(frozen=True)
class WebSettings:
    """Where the page listens, the other names it is reached by, and the token that it asks for."""

    host: str
    port: int  # 0: a free one
    hosts: tuple[str, ...] = ()
    token_file: Path | None = None

    @property
    def is_for_this_machine(self) -> bool:
        return self.host in LOOPBACK


def read_web(root: Table, folder: Path) -> WebSettings | None:
    """Return what the table says, None without one; note every problem."""
    if "web" not in root:
        return None
    table = root.take_table("web", "a table [web] with host and port")
    web = WebSettings(
        host=table.take_text("host", "an address to listen on, such as 127.0.0.1"),
        port=table.take_integer("port", 0, PORT_LIMIT),
        hosts=tuple(table.take_texts("hosts", "names that the page is reached by", r"\S+")) if "hosts" in table else (),
        token_file=folder / table.take_text("token_file", "a file with the token") if "token_file" in table else None,
    )
    if not web.is_for_this_machine and web.token_file is None:
        table.note("host", f'"{web.host}" without token_file', f"one of {', '.join(LOOPBACK)}, or a token_file")
    if web.host in EVERYWHERE and not web.hosts:
        table.note("hosts", "nothing", f"the names that the page is reached by, since {web.host} is none")
    table.refuse_unknown()
    return web
