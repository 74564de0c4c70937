"""The gateway's HMAC is the library's, also when the key's beginning is kept and when many threads use it."""

import hmac
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.hmac_sha256 import hmac_sha256


@pytest.mark.parametrize("key_size", [0, 1, 32, 63, 64])
@pytest.mark.parametrize("size", [0, 1, 55, 56, 64, 1000, 70_000])
def test_it_is_that_of_the_library(key_size, size):
    key, data = bytes(range(key_size)), bytes(index % 251 for index in range(size))
    for _ in range(2):  # the second time the key's beginning is known
        assert hmac_sha256(key, data) == hmac.digest(key, data, "sha256")


def test_a_key_longer_than_a_block_is_refused():
    with pytest.raises(ValueError, match="a key of 65 bytes: expected at most 64"):
        hmac_sha256(bytes(65), b"")


def test_threads_do_not_disturb_each_other():
    # Longer than 2 KiB: there the hash lets other threads run while it works.
    messages = [bytes([index]) * 5000 for index in range(200)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda data: hmac_sha256(b"key", data), messages))
    assert found == [hmac.digest(b"key", data, "sha256") for data in messages]
