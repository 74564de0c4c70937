"""Write protocol/vectors/*.json anew."""

from tests.protocol.builds import SOURCES
from tests.protocol.vector_source import groups, text

for group, vectors in groups():
    (SOURCES / "vectors" / f"{group}.json").write_text(text(vectors))
    print(group, len(vectors))
