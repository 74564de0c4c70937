"""Runs in the oracles' environment: open and seal messages with `cwt`, an independent COSE library.

Reads a list of sealed vectors as JSON and prints, for each, the payload that cwt opens it to and what cwt seals it to.
"""

import json
import sys

from cwt import COSE, COSEKey

ALGORITHMS = {8: "HMAC 256/64", 32: "HMAC 256/256"}

cose = COSE.new(alg_auto_inclusion=False, kid_auto_inclusion=False)
answers = []
for vector in json.load(sys.stdin):
    algorithm = ALGORITHMS[vector["tag_bytes"]]
    key_id = bytes.fromhex(vector["key_id"])
    key = COSEKey.from_symmetric_key(bytes.fromhex(vector["key"]), alg=algorithm, kid=key_id)
    topic = vector["topic"].encode()
    opened = cose.decode(bytes.fromhex(vector["hex"]), [key], external_aad=topic)
    protected = {1: 4 if vector["tag_bytes"] == 8 else 5, 4: key_id}
    sealed = cose.encode_and_mac(bytes.fromhex(vector["payload"]), key, protected=protected, external_aad=topic)
    answers.append({"opened": opened.hex(), "sealed": sealed.hex()})
json.dump(answers, sys.stdout)
