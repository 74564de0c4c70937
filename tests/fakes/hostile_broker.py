# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""A broker with a gateway behind it, at the far end of a link in memory, that breaks whatever it may."""

from firmware.station import hal, mqtt
from firmware.station.hmac import hmac_sha256
from protocol import cose
from protocol.data_decoder import decode_data
from protocol.receipts import Receipt, encode_receipt

KEY_ID = b"uchkurgan-1"
KEYS = {KEY_ID: bytes(32)}
ROOT = "rg/1/syr-darya/uchkurgan/"
PINGREQ, SUBSCRIBE, CONNECT = 0xC0, 0x80, 0x10

# What a connection may do to the station, drawn anew for each.
HONEST, DROPS_ACKS, HALF_OPEN, CUTS, SLOW, REFUSES = range(6)


class HostileBroker:
    """`stored` are the record numbers that the gateway has; only for those does it ever give a receipt.

    The session is there from the second connection on, with the receipts that could not be delivered.
    """

    def __init__(self, seed):
        self.stored = set()
        self.publishes = 0
        self.manner = HONEST
        self.has_session = False
        self.kept = []  # receipts waiting in the session
        self._state = seed

    def draw(self, below):
        """Return a number from 0 to below - 1 (a linear congruential generator, the same on both interpreters)."""
        self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._state >> 8) % below

    def connect(self, board):
        return HostileLink(self, board)


class HostileLink(hal.Link):
    """One connection, with its manners."""

    def __init__(self, broker, board):
        self._broker = broker
        self._board = board
        self._reader = mqtt.PacketReader()
        self._output = bytearray()
        self._held = []  # acknowledgements held back, to be reordered
        self._cut_after = 40 + broker.draw(600) if broker.manner == CUTS else None
        if broker.manner == REFUSES:
            raise hal.HardwareError("refused")

    def write(self, data, deadline_ms):
        if self._cut_after is not None:
            data = bytes(data)[: self._cut_after]
            self._cut_after -= len(data)
        for packet in self._reader.feed(data):
            self._take(packet)
        if self._cut_after == 0:
            raise hal.HardwareError("closed")

    def read_into(self, buffer, deadline_ms):
        if self._broker.manner == HALF_OPEN or not self._output:
            self._release()
        if self._broker.manner == HALF_OPEN or not self._output:
            self._board.sleep_until(deadline_ms)
            return 0
        limit = 1 + self._broker.draw(3) if self._broker.manner == SLOW else len(buffer)
        count = min(limit, len(self._output), len(buffer))
        buffer[:count] = self._output[:count]
        self._output = self._output[count:]
        return count

    def close(self):
        pass

    def _take(self, packet):
        broker = self._broker
        if packet.kind == CONNECT:
            self._output += bytes((0x20, 2, 1 if broker.has_session else 0, 0))
            broker.has_session = True
            kept, broker.kept = broker.kept, []
            for receipt in kept:
                self._deliver(receipt)
        elif packet.kind == SUBSCRIBE:
            self._output += bytes((0x90, 4)) + bytes(packet.body[:2]) + b"\x01\x01"
        elif packet.kind == PINGREQ:
            self._output += b"\xd0\x00"
        elif packet.kind == mqtt.PUBLISH:
            self._take_publish(packet)

    def _take_publish(self, packet):
        broker = self._broker
        broker.publishes += 1
        topic, packet_id, message = mqtt.read_publish(packet)
        if broker.manner == DROPS_ACKS and broker.draw(3) == 0:
            return  # neither acknowledged nor passed on
        self._held.append(bytes((0x40, 2, packet_id >> 8, packet_id & 0xFF)))
        if topic == ROOT + "data":
            batch = decode_data(cose.open_sealed(message, KEYS, topic, hmac_sha256))
            last = batch.first_record_no + len(batch.times_ms) - 1
            broker.stored.update(range(batch.first_record_no, last + 1))
            receipt = encode_receipt(Receipt(batch.log_id, [(batch.first_record_no, last)]))
            if broker.manner in (HALF_OPEN, CUTS):
                broker.kept.append(receipt)
            else:
                self._deliver(receipt)

    def _deliver(self, receipt):
        sealed = cose.seal(receipt, KEYS[KEY_ID], KEY_ID, ROOT + "receipt", hmac_sha256)
        self._held.append(mqtt.publish_packet(1 + self._broker.draw(65_535), ROOT + "receipt", sealed))

    def _release(self):
        """Let out what was held back, in any order."""
        while self._held:
            self._output += self._held.pop(self._broker.draw(len(self._held)))
