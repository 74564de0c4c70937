"""The plan of an image: which files, compiled from what, with which hashes."""

import hashlib
import json

import pytest

from firmware.flash import PlanError, compile_firmware, plan_image


@pytest.fixture
def sources(tmp_path):
    """Return a small source tree with an image.toml of its own."""
    firmware = tmp_path / "firmware"
    (firmware / "station" / "sensors").mkdir(parents=True)
    (firmware / "station" / "app.py").write_text("print(1)\n")
    (firmware / "station" / "sensors" / "sonar.py").write_text("print(2)\n")
    (firmware / "board").mkdir()
    (firmware / "board" / "__init__.py").write_text("print(3)\n")
    (firmware / "old").mkdir()
    (firmware / "old" / "left_out.py").write_text("print(4)\n")
    (firmware / "main.py").write_text("import station.app\n")
    (firmware / "image.toml").write_text("""
[[package]]
source = "firmware/station"
target = "station"
[boards]
small = "firmware/board"
empty = "firmware/nothing"
[[file]]
source = "firmware/main.py"
target = "main.py"
""")
    return tmp_path


def test_packages_are_compiled_and_files_and_what_is_the_stations_own_are_added(sources):
    plan = plan_image(compile_firmware("small", sources), {"station": "b", "basin": "ü"}, bytes(range(32)))
    files = {file.path: file.data for file in plan.files}
    assert sorted(files) == [
        "/board/__init__.mpy",
        "/key.bin",
        "/main.py",
        "/station.json",
        "/station/app.mpy",
        "/station/sensors/sonar.mpy",
    ]
    assert files["/station/app.mpy"][:2] == b"M\x06"  # the format that MicroPython 1.25 loads
    assert files["/main.py"] == b"import station.app\n"
    assert files["/key.bin"] == bytes(range(32))
    assert json.loads(files["/station.json"]) == {"station": "b", "basin": "ü"}
    assert plan.size_bytes == sum(map(len, files.values()))
    assert plan.files[0].sha256 == hashlib.sha256(plan.files[0].data).hexdigest()


def test_the_same_sources_give_the_same_image_wherever_they_lie(sources, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "copy"
    sources.rename(elsewhere)
    sources.mkdir()
    elsewhere_again = compile_firmware("small", elsewhere)
    assert compile_firmware("small", elsewhere) == elsewhere_again
    assert str(elsewhere).encode() not in b"".join(file.data for file in elsewhere_again.files)


def test_what_a_package_leaves_out_stays_out(sources):
    image = sources / "firmware" / "image.toml"
    image.write_text(image.read_text().replace('target = "station"', 'target = "station"\nleave_out = ["sensors"]'))
    assert not [file.path for file in compile_firmware("small", sources).files if "sensors" in file.path]


def test_a_package_for_some_boards_goes_on_those_alone(sources):
    image = sources / "firmware" / "image.toml"
    image.write_text(
        image.read_text()
        .replace('target = "station"', 'target = "station"\nboards = ["large"]')
        .replace('small = "firmware/board"', 'small = "firmware/board"\nlarge = "firmware/board"')
    )
    assert [file.path for file in compile_firmware("small", sources).files] == ["/board/__init__.mpy", "/main.py"]
    assert "/station/app.mpy" in [file.path for file in compile_firmware("large", sources).files]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(
            lambda sources: compile_firmware("large", sources), "'large'.*expected one of small, empty", id="board"
        ),
        pytest.param(lambda sources: compile_firmware("empty", sources), "no modules to compile", id="empty package"),
        pytest.param(
            lambda sources: plan_image(compile_firmware("small", sources), {}, bytes(16)),
            "16 bytes; expected 32",
            id="key",
        ),
    ],
)
def test_an_image_that_cannot_be_made_says_what_was_expected(sources, spoil, said):
    with pytest.raises(PlanError, match=said):
        spoil(sources)


def test_a_module_that_micropython_cannot_compile_is_named_with_its_line(sources):
    (sources / "firmware" / "station" / "app.py").write_text("a = 1\nmatch a:\n  case 1: pass\n")
    with pytest.raises(PlanError, match=r"(?s)app\.py: mpy-cross refused it:.*line 2"):
        compile_firmware("small", sources)


def test_a_module_that_is_no_python_is_named_with_its_line(sources):
    (sources / "firmware" / "station" / "app.py").write_text("a = 1\nb = = 2\n")
    with pytest.raises(PlanError, match=r"station/app\.py, line 2: invalid syntax"):
        compile_firmware("small", sources)


def test_the_name_of_a_constant_is_in_no_module_of_the_image(sources):
    (sources / "firmware" / "station" / "app.py").write_text("from board import LIMIT\nprint(LIMIT)\n")
    (sources / "firmware" / "board" / "__init__.py").write_text("LIMIT = 16\n")
    assert b"LIMIT" not in b"".join(file.data for file in compile_firmware("small", sources).files)


@pytest.mark.parametrize("board", ["virtual", "esp32", "rp2"])
def test_the_projects_own_image_compiles(board):
    paths = [file.path for file in compile_firmware(board).files]
    assert {"/main.py", "/board/__init__.mpy", "/station/hal.mpy", "/protocol/messages.mpy"} <= set(paths)
    assert not [path for path in paths if "vectors" in path or path.endswith(".pxd")]
