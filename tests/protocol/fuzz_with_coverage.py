"""`make fuzz`: atheris looks for bytes on which two decoders disagree, guided by what the pure build covers.

    python -m tests.protocol.fuzz_with_coverage [-max_total_time=SECONDS] [any other option of libFuzzer]

An input is the number of a leaf in one byte, and a payload; behind the last leaf, a sealed message. The corpus, at
first our vectors, is kept in .cache/fuzz-corpus, so that each run goes on where the last one ended. Bytes that show a
disagreement are kept in .cache/fuzz-findings; hand such a file over as an argument to see it again.
"""

import sys
from pathlib import Path

import atheris

from tests.protocol import meaning
from tests.protocol.builds import PURE, load_pure

load_pure("quality")  # has nothing to cover; puts the finder of sources in place, before which atheris puts its own
with atheris.instrument_imports(include=[PURE]):
    for module in ("messages", "cose"):
        load_pure(module)

from tests.protocol.agreement import agreed_meaning, agreed_payload  # noqa: E402
from tests.protocol.test_vectors import VECTORS  # noqa: E402

CACHE = Path(__file__).resolve().parents[2] / ".cache"
LEAVES = list(meaning.FORMS)
DEFAULTS = ["-max_total_time=60", "-max_len=2048", "-rss_limit_mb=512", "-timeout=5"]


def look_at(octets: bytes) -> None:
    """Let every decoder read one input."""
    if not octets:
        return
    kind, body = octets[0] % (len(LEAVES) + 1), octets[1:]
    if kind == len(LEAVES):
        agreed_payload(body)
    else:
        agreed_meaning(LEAVES[kind], body)


def write_seeds(corpus: Path) -> None:
    """Write the vectors, the malformed ones too, which stand at the edges that a mutation must find."""
    for name, vectors in VECTORS.items():
        if "senml" in name:
            continue
        for number, vector in enumerate(vectors):
            kind = len(LEAVES) if "sealed" in name else LEAVES.index(vector["leaf"])
            (corpus / f"{name}-{number}").write_bytes(bytes([kind]) + bytes.fromhex(vector["hex"]))


def main() -> None:
    corpus, findings = CACHE / "fuzz-corpus", CACHE / "fuzz-findings"
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(exist_ok=True)
    write_seeds(corpus)
    inputs = [argument for argument in sys.argv[1:] if not argument.startswith("-")] or [str(corpus)]
    options = [argument for argument in sys.argv[1:] if argument.startswith("-")]
    atheris.Setup([sys.argv[0], *DEFAULTS, f"-artifact_prefix={findings}/", *options, *inputs], look_at)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
