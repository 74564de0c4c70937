"""The rules of NOR flash, and what a power cut leaves behind."""

import struct

import pytest

from firmware.virtual.rom.nor_flash import (
    BLOCK_BYTES,
    CUT_IN,
    WEAR_HEADER_BYTES,
    BlockDevice,
    FlashFault,
    FlashRegion,
    NorFlash,
)


class PowerCut(Exception):
    pass


def cut_power():
    raise PowerCut


def make_flash(blocks=4, cut_in=0):
    cells, wear = bytearray(b"\xff" * BLOCK_BYTES * blocks), bytearray(WEAR_HEADER_BYTES + 4 * blocks)
    struct.pack_into("<I", wear, 4 * CUT_IN, cut_in)
    return NorFlash(cells, wear, cut_power), cells, wear


def test_programming_clears_bits_and_erasing_sets_them():
    flash, cells, _ = make_flash()
    flash.program(BLOCK_BYTES + 8, b"\x0f\xf0")
    flash.program(BLOCK_BYTES + 8, b"\x0e\x00")
    assert cells[BLOCK_BYTES + 7 : BLOCK_BYTES + 11] == b"\xff\x0e\x00\xff"
    flash.erase(1)
    assert cells == b"\xff" * len(cells)


@pytest.mark.parametrize(
    ("misuse", "said"),
    [
        pytest.param(lambda flash: flash.program(8, b"\x10"), "set a bit", id="a bit from 0 to 1"),
        pytest.param(lambda flash: flash.program(250, bytes(7)), "crosses a page", id="over the end of a page"),
        pytest.param(
            lambda flash: flash.program(4 * BLOCK_BYTES, b"\x00"), "outside the chip", id="program past the end"
        ),
        pytest.param(lambda flash: flash.cells(-1, 1), "outside the chip", id="read before the start"),
        pytest.param(lambda flash: flash.erase(4), "block 4 of 4", id="erase past the end"),
    ],
)
def test_what_a_chip_cannot_do_is_refused_and_counted_and_changes_nothing(misuse, said):
    flash, cells, wear = make_flash()
    flash.program(8, b"\x0f")
    before = bytes(cells)
    with pytest.raises(FlashFault, match=said):
        misuse(flash)
    assert bytes(cells) == before
    assert struct.unpack_from("<IIII", wear) == (1, 1, 0, 1)


def test_cut_programs_leave_a_prefix_one_torn_byte_and_the_rest_untouched():
    lengths = set()
    for operation in range(1, 101):
        flash, cells, _ = make_flash(cut_in=operation)
        for earlier in range(operation - 1):
            flash.program(BLOCK_BYTES + earlier, b"\x00")
        with pytest.raises(PowerCut):
            flash.program(0, bytes(256))
        page = cells[:256]
        length = len(page) - len(page.lstrip(b"\x00"))
        lengths.add(length)
        assert page == (bytes(length) + b"\x5a" + b"\xff" * 256)[:256]
    assert min(lengths) < 32 and max(lengths) > 224 and len(lengths) > 50


def test_a_cut_erase_leaves_a_block_partly_erased():
    flash, cells, _ = make_flash(cut_in=17)
    for page in range(16):
        flash.program(page * 256, bytes(256))
    with pytest.raises(PowerCut):
        flash.erase(0)
    block = cells[:BLOCK_BYTES]
    erased = len(block) - len(block.lstrip(b"\xff"))
    assert 0 < erased < BLOCK_BYTES
    assert block == b"\xff" * erased + b"\x5a" + bytes(BLOCK_BYTES - erased - 1)


def test_a_region_keeps_to_its_blocks():
    flash, cells, _ = make_flash()
    region = FlashRegion(flash, first_block=2, block_count=1)
    region.program(0, b"\x00")
    assert cells.index(0) == 2 * BLOCK_BYTES
    region.erase(0)
    for misuse in (
        lambda: region.erase(1),
        lambda: region.program(BLOCK_BYTES, b"\x00"),
        lambda: region.read_into(BLOCK_BYTES - 1, bytearray(2)),
    ):
        with pytest.raises(FlashFault, match="outside the region"):
            misuse()


def test_a_block_device_splits_writes_at_pages():
    flash, cells, wear = make_flash()
    device = BlockDevice(FlashRegion(flash, 1, 3))
    device.writeblocks(0, bytes(600), 200)
    buffer = bytearray(602)
    device.readblocks(0, buffer, 199)
    assert buffer == b"\xff" + bytes(600) + b"\xff"
    assert struct.unpack_from("<II", wear) == (4, 4)  # 56 + 256 + 256 + 32 bytes
    device.ioctl(6, 0)
    assert cells == b"\xff" * len(cells)
    assert (device.ioctl(4, 0), device.ioctl(5, 0)) == (3, BLOCK_BYTES)
