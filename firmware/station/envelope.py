# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The station's topics, and the authentication of every message on them."""

from protocol import cose, topics

from .hmac import hmac_sha256


class Envelope:
    """Seals and opens messages with the station's key."""

    def __init__(self, configuration):
        self._basin = configuration.basin
        self._station = configuration.station
        self._key = configuration.key
        self._key_id = configuration.key_id

    def client_id(self):
        return self._basin + "." + self._station

    def topic(self, leaf):
        """Return the topic of one of this station's leaves."""
        return topics.topic(self._basin, self._station, leaf)

    def seal(self, leaf, payload):
        """Return the message that carries the payload on this leaf."""
        return cose.seal(payload, self._key, self._key_id, self.topic(leaf), hmac_sha256)

    def open(self, topic, message):
        """Return the payload, or raise cose.Forged or DecodeError."""
        return cose.open_sealed(message, {self._key_id: self._key}, topic, hmac_sha256)
