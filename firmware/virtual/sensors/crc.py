"""The CRC of 16 bits that Modbus RTU and SDI-12 both use."""

__all__ = ["crc16"]


def crc16(data: bytes, start: int) -> int:
    """Return the CRC with polynomial 0xA001, reflected; it begins with `start`."""
    crc = start
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc
