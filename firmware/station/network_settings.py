# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""How the station reaches the network, its broker and the time: those members of its configuration."""

from .members import check_members, choice, integer, text

WAYS_OF_TLS = ("server", "mutual")  # as `trust` knows them
PORT_LIMIT = 65_535


def read_network(configuration, table):
    """Put the members `broker`, `bytes_per_day`, `time_server` and `modem` of station.json into the configuration."""
    broker = check_members(table["broker"], ("host", "port"), "broker", ("tls", "username"))
    configuration.broker_host, configuration.broker_port = _server(broker, "broker.")
    configuration.broker_tls = choice(broker, "tls", WAYS_OF_TLS, "broker.") if "tls" in broker else None
    configuration.broker_username = text(broker, "username", 65, "broker.") if "username" in broker else None
    configuration.bytes_per_day = configuration.time_server = configuration.modem = None
    if table.get("bytes_per_day") is not None:
        configuration.bytes_per_day = integer(table, "bytes_per_day", 1000, 0xFFFFFFFF)
    if table.get("time_server") is not None:
        check_members(table["time_server"], ("host", "port"), "time_server")
        configuration.time_server = _server(table["time_server"], "time_server.")
    if table.get("modem") is not None:
        configuration.modem = _modem(table["modem"], "modem.")


def _server(table, where):
    return text(table, "host", 253, where), integer(table, "port", 1, PORT_LIMIT, where)


def _modem(table, where):
    check_members(table, ("port", "power_switch", "apn"), where)
    port_no = integer(table, "port", 0, 15, where)
    return port_no, integer(table, "power_switch", 0, 15, where), text(table, "apn", 63, where)
