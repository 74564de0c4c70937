"""`rivergauge backup` and `restore` as a user runs them."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.journal import Journal
from gateway.stores.embedded import EmbeddedStore

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
DONE, FAILED = 0, 1
RUN = "import sys; from rivergauge.cli import main; sys.argv[0] = 'rivergauge'; main()"


def rivergauge(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-c", RUN, *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def folders(tmp_path):
    """The folder of a gateway that has run, and that of one that has not."""
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "gateway.toml").write_bytes((DEPLOY / "gateway.toml").read_bytes())
    data = tmp_path / "old" / "data"
    for database in (Journal(data / "journal.sqlite"), EmbeddedStore(data / "observations.sqlite")):
        database.open()
        database.close()
    return tmp_path / "old", tmp_path / "new"


def test_what_was_backed_up_is_restored_elsewhere_once(folders, tmp_path):
    old, new = folders
    made = rivergauge(old, "backup", tmp_path / "b.tar.gz")
    assert made.returncode == DONE, made.stderr
    assert "2 files" in made.stdout
    restored = rivergauge(new, "restore", tmp_path / "b.tar.gz")
    assert restored.returncode == DONE, restored.stderr
    assert (new / "data" / "journal.sqlite").exists()
    again = rivergauge(new, "restore", tmp_path / "b.tar.gz")
    assert again.returncode == FAILED
    assert "expected an empty place; move it away" in again.stderr
    assert "Traceback" not in again.stderr


def test_what_stands_in_the_way_of_a_backup_is_named(folders, tmp_path):
    old, new = folders
    made = rivergauge(old, "backup", tmp_path / "nowhere" / "b.tar.gz")
    assert (made.returncode, made.stderr) == (
        FAILED,
        f"{tmp_path}/nowhere: found no folder, expected one to write b.tar.gz into\n",
    )
    restored = rivergauge(new, "restore", tmp_path / "b.tar.gz")
    assert restored.returncode == FAILED
    assert restored.stderr.startswith(f"{tmp_path}/b.tar.gz: No such file or directory; expected an archive")


def test_a_gateway_that_never_ran_has_nothing_to_back_up(folders, tmp_path):
    _, new = folders
    made = rivergauge(new, "backup", tmp_path / "b.tar.gz")
    assert (made.returncode, made.stdout) == (FAILED, "")
    assert "found nothing, expected what a gateway writes when it runs" in made.stderr
