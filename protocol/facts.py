# Shared dialect: runs on MicroPython and CPython.
"""What messages beside the data share: names with values, the order they came in, times that may be unknown."""

from .batch import TIME_LIMIT_MS, UINT32_LIMIT
from .cbor import DecodeError, EncodeError, Reader, Writer
from .topics import ID_LIMIT, is_id

NAME_LIMIT = 32
DETAIL_LIMIT = 1024
FACTS_LIMIT = 32
FACT_INT_LIMIT = 0x1FFFFFFFFFFFFF  # 2**53 - 1: what JSON carries exactly
FACT_TEXT_LIMIT = 4096


def put_order(writer: Writer, boot_no: int, message_no: int) -> None:
    """Put the numbers that rise with every message of a station, so that none can be played again."""
    writer.put_uint(boot_no, UINT32_LIMIT)
    writer.put_uint(message_no, UINT32_LIMIT)


def put_gateway(writer: Writer, gateway: str, command_no: int) -> None:
    if not is_id(gateway):
        raise EncodeError("gateway %r: expected an id" % gateway)
    writer.put_text(gateway, 1, ID_LIMIT)
    writer.put_uint(command_no, UINT32_LIMIT)


def take_gateway(reader: Reader) -> str:
    start = reader.position
    gateway = reader.take_text(1, ID_LIMIT)
    if not is_id(gateway):
        raise DecodeError("bad-text", start)
    return gateway


def put_time_or_null(writer: Writer, time_ms: int | None) -> None:
    if time_ms is None:
        writer.put_null()
    else:
        writer.put_uint(time_ms, TIME_LIMIT_MS)


def take_time_or_null(reader: Reader) -> int | None:
    return None if reader.take_null() else reader.take_uint(0, TIME_LIMIT_MS)


def facts_size(facts: dict[str, int | str]) -> int:
    """Return a bound of the bytes that `put_facts` writes."""
    size = 2
    for name, value in facts.items():
        size += 12 + len(name) + (len(value) if isinstance(value, str) else 0)
    return size


def put_facts(writer: Writer, facts: dict[str, int | str]) -> None:
    """Put names and values in the order of RFC 8949, 4.2.1: shorter names first, then by letter."""
    if len(facts) > FACTS_LIMIT:
        raise EncodeError("%d facts: expected at most %d" % (len(facts), FACTS_LIMIT))
    writer.put_map(len(facts))
    for name in sorted(facts, key=_fact_order):
        value = facts[name]
        writer.put_text(name, 1, NAME_LIMIT)
        if isinstance(value, str):
            writer.put_text(value, 0, FACT_TEXT_LIMIT)
        elif -FACT_INT_LIMIT <= value <= FACT_INT_LIMIT:
            writer.put_int(value)
        else:
            raise EncodeError("%s %r: expected within +-%d" % (name, value, FACT_INT_LIMIT))


def take_facts(reader: Reader) -> dict[str, int | str]:
    facts: dict[str, int | str] = {}
    last = (0, "")
    for _ in range(reader.take_map(0, FACTS_LIMIT)):
        start = reader.position
        name = reader.take_text(1, NAME_LIMIT)
        if _fact_order(name) <= last:
            raise DecodeError("not-ascending", start)
        last = _fact_order(name)
        if reader.is_text():
            facts[name] = reader.take_text(0, FACT_TEXT_LIMIT)
        else:
            facts[name] = reader.take_int(-FACT_INT_LIMIT, FACT_INT_LIMIT)
    return facts


def _fact_order(name: str) -> tuple[int, str]:
    return len(name), name
