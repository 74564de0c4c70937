"""A real Mosquitto run from a folder that `rivergauge broker config` wrote."""

import os
from pathlib import Path

from rivergauge.servers import Server

__all__ = ["SecuredMosquitto"]


class SecuredMosquitto(Server):
    """Listens with TLS on `port`, as its settings in `folder` say."""

    def arguments(self) -> list[str]:
        path = self.folder / "mosquitto.conf"
        if os.geteuid() == 0:
            # Mosquitto gives root up for a user that may not read here.
            as_root = self.folder / "as-root.conf"
            as_root.write_text(path.read_text() + "user root\n")
            path = as_root
        return ["-c", str(path)]

    def client_files(self, name: str) -> tuple[Path, Path]:
        """Return certificate and key of a client."""
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"
