# Shared dialect: runs on MicroPython and CPython.
"""Every message of the protocol, and how it goes to bytes and back.

Encoders raise EncodeError for what the wire cannot say; decoders raise DecodeError(reason, offset) and repair nothing.
"""

from .batch import Batch, Channel, Column
from .births import Birth, decode_birth, encode_birth
from .cbor import DecodeError, EncodeError
from .commands import Command, Reply, decode_command, decode_reply, encode_command, encode_reply
from .data_decoder import decode_data, read_identity
from .data_encoder import encode_data, encode_data_into
from .events import Event, decode_event, encode_event
from .receipts import Receipt, Refused, decode_receipt, encode_receipt

__all__ = [
    "Batch",
    "Birth",
    "Channel",
    "Column",
    "Command",
    "DecodeError",
    "EncodeError",
    "Event",
    "Receipt",
    "Refused",
    "Reply",
    "decode_birth",
    "decode_command",
    "decode_data",
    "decode_event",
    "decode_receipt",
    "decode_reply",
    "encode_birth",
    "encode_command",
    "encode_data",
    "encode_data_into",
    "encode_event",
    "encode_receipt",
    "encode_reply",
    "read_identity",
]
