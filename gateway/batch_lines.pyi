from collections.abc import Sequence

from protocol.data_reader import DataReader

class BatchLines:
    reader: DataReader
    column_count: int

    def read(self, payload: bytes) -> None: ...
    def column(self, index: int) -> tuple[int, str, int, Sequence[int], Sequence[int]]: ...
    def lines(self, place: bytes) -> bytes: ...
