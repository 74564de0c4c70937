"""Runs in the oracles' environment: validate messages against the CDDL with `zcbor`.

Reads {"cddl": text, "messages": [[type, hex], ...]} as JSON and prints, for each message, whether it is of that type.
"""

import contextlib
import json
import sys
from pathlib import Path

import zcbor

PRELUDE = (Path(zcbor.__file__).parent / "zcbor" / "prelude.cddl").read_text()
UNBOUNDED = 512  # what zcbor takes for the end of an unbounded repetition; telemetry.cddl has none

asked = json.load(sys.stdin)
types = zcbor.DataTranslator.from_cddl(PRELUDE + asked["cddl"], UNBOUNDED).my_types


def is_of_type(name: str, message: bytes) -> bool:
    try:
        return bool(types[name].validate_str(message))
    # zcbor tells a refusal by many exceptions, and passes on those of cbor2.
    except Exception:
        return False


# zcbor prints what it cannot match.
with contextlib.redirect_stdout(sys.stderr):
    answers = [is_of_type(name, bytes.fromhex(text)) for name, text in asked["messages"]]
json.dump(answers, sys.stdout)
