# Shared dialect: runs on MicroPython, and on CPython.
"""Geolux sentences out of any bytes."""

from firmware.station.sensors.geolux import SentenceParser

SENTENCE = b"$LVX,1234,1230,21,3266,3270,34\r\n"

# name: (bytes, distances in mm, broken sentences)
STREAMS = {
    "one": (SENTENCE, [1234], 0),
    "with a second SNR": (b"$LVX,1234,1230,21,3266,3270,34,33\r\n", [1234], 0),
    "with decimals": (b"$LVX,1234.0,1230.5,21.5,3266.0,3270.0,34.1\r\n", [1234], 0),
    "begins in the middle": (b"66,3270,34\r\n" + SENTENCE, [1234], 0),
    "breaks off": (b"$LVX,12" + SENTENCE, [1234], 1),
    "another sentence": (b"$LVS,1,2,3,4,5,6\r\n" + SENTENCE, [1234], 1),
    "a field too few": (b"$LVX,1234,1230,21,3266,3270\r\n" + SENTENCE, [1234], 1),
    "an empty field": (b"$LVX,,1230,21,3266,3270,34\r\n" + SENTENCE, [1234], 1),
    "a letter in a number": (b"$LVX,1234,1230,2!,3266,3270,34\r\n" + SENTENCE, [1234], 1),
    "bytes that are no text": (b"$LVX,\xff\xfe,1230,21,3266,3270,34\r\n" + SENTENCE, [1234], 1),
    "no end for long": (b"$" + b"9" * 300 + SENTENCE, [1234], 1),
    "garbage": (bytes(range(256)), [], 1),
}


def test_distances_are_found_in_any_bytes():
    for name, (data, distances, broken) in sorted(STREAMS.items()):
        parser = SentenceParser()
        found = [distance for distance in (parser.feed(byte) for byte in data) if distance is not None]
        assert found == distances, (name, found)
        assert parser.broken == broken, (name, parser.broken)
