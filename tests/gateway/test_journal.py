"""What is written together is there together, or not at all."""

import pytest

from gateway.entries import (
    DATA,
    ELSEWHERE,
    LOST,
    OVERWRITTEN,
    SETTLED,
    DeadLetter,
    Frame,
    Outgoing,
    Report,
    WrittenOff,
)
from gateway.journal import Journal
from gateway.progress import Progress
from gateway.quarantine import QUARANTINED
from gateway.room import Room
from gateway.trimming import Trimming
from gateway.windows import Run, Windows

JOURNAL_BYTES = 1_000_000


def frame(first_no=0, fresh=(0, 1)):
    return Frame(DATA, "upper", 5, b"upper-1", 7, first_no, first_no + 1, fresh, b"payload")


def letter(seq=None, record_no=None):
    return DeadLetter(5, "reason", "topic", True, b"payload", b"key", seq, 7, record_no)


def add_frames(journal, count, payload=b"payload"):
    with journal.transaction() as transaction:
        last = transaction.add_frames([frame(2 * index)._replace(payload=payload) for index in range(count)])
    return list(range(last - count + 1, last + 1))


def test_a_transaction_that_fails_leaves_nothing_behind(journal):
    with pytest.raises(RuntimeError), journal.transaction() as transaction:
        transaction.add_frames([frame()])
        transaction.count("records_received", 2)
        raise RuntimeError
    assert journal.frames(0, 10) == []
    assert journal.counts()["records_received"] == 0


def test_a_transaction_is_there_for_who_opens_the_file_anew(journal):
    (seq,) = add_frames(journal, 1)
    again = Journal(journal.path)
    again.open()
    (found,) = again.frames(0, 10)
    assert (found.seq, found.fresh, found.payload) == (seq, (0, 1), b"payload")
    again.close()


def test_a_seq_is_never_given_twice_even_after_trimming(journal):
    add_frames(journal, 3)
    with journal.transaction() as transaction:
        assert transaction.trim(3, 10) == 3
    assert journal.head() == 3
    assert add_frames(journal, 1) == [4]


def test_windows_come_back_as_they_were(journal):
    windows = Windows()
    windows.admit("upper", 7, 0, [0, 10, 20, 25])
    windows.admit("upper", 7, 1, [11])
    windows.admit("lower", 8, 5, [3])
    with journal.transaction() as transaction:
        transaction.save_runs(windows.take_changes())
    windows.admit("upper", 7, 4, [30, 35])
    with journal.transaction() as transaction:
        transaction.save_runs(windows.take_changes())
    loaded = journal.load_windows()
    assert loaded.window("upper", 7).runs == [Run(0, 2, 0, 10), Run(3, 5, 25, 5)]
    assert loaded.window("lower", 8).runs == [Run(5, 5, 3)]


def test_records_are_stored_when_the_slowest_store_has_them(journal):
    add_frames(journal, 3)
    with journal.transaction() as transaction:
        transaction.save_cursor("fast", 3)
        assert transaction.settle(["fast", "slow"]) == 0
    assert journal.counts()["records_pending"] == 6
    with journal.transaction() as transaction:
        transaction.save_cursor("slow", 2)
        assert transaction.settle(["fast", "slow"]) == 2
    counts = journal.counts()
    assert (counts["records_stored"], counts["records_pending"]) == (4, 2)
    assert journal.cursors()[SETTLED] == 2


def test_a_record_that_two_stores_refuse_is_dead_once_and_neither_stored_nor_pending(journal):
    add_frames(journal, 1)
    with journal.transaction() as transaction:
        assert transaction.add_dead_letter(letter(seq=1, record_no=0))
        assert not transaction.add_dead_letter(letter(seq=1, record_no=0))
    assert journal.counts()["records_pending"] == 1
    with journal.transaction() as transaction:
        transaction.save_cursor("store", 1)
        transaction.settle(["store"])
    assert journal.counts()["records_stored"] == 1
    assert len(journal.dead_letters()) == 1


def test_dead_letters_are_tried_again_a_few_at_a_time_and_those_of_a_store_when_settled(journal):
    with journal.transaction() as transaction:
        for seq in (9, None, 4, None):
            transaction.add_dead_letter(letter(seq=seq, record_no=0))
        for letter_id in (1, 2, 3, 4):
            transaction.ask_for_replay(letter_id)
    assert [each.id for each in journal.dead_letters_to_replay(settled=3, limit=10)] == [2, 4]
    assert [each.id for each in journal.dead_letters_to_replay(settled=4, limit=2)] == [2, 3]
    assert [each.id for each in journal.dead_letters_to_replay(settled=9, limit=10)] == [1, 2, 3, 4]


def test_a_record_that_a_store_refused_can_be_dropped_once_every_store_has_passed_it(journal):
    add_frames(journal, 1)
    with journal.transaction() as transaction:
        transaction.add_dead_letter(letter(seq=1, record_no=0))
        transaction.save_cursor("quick", 1)
        transaction.settle(["quick", "slow"])
        assert not transaction.drop_dead_letter(1), "it would be counted as stored, and as dead again by the slow one"
    with journal.transaction() as transaction:
        transaction.save_cursor("slow", 1)
        transaction.settle(["quick", "slow"])
        assert transaction.drop_dead_letter(1)
    assert journal.counts()["records_stored"] == 1


@pytest.mark.parametrize(
    ("boot_no", "message_no", "is_newer"),
    [(3, 5, False), (3, 4, False), (2, 9, False), (3, 6, True), (4, 0, True)],
)
def test_a_report_is_taken_only_if_it_is_newer(journal, boot_no, message_no, is_newer):
    with journal.transaction() as transaction:
        assert transaction.add_report(Report("upper", "birth", 3, 5, 0, b""))
        assert transaction.add_report(Report("upper", "event", boot_no, message_no, 0, b"")) == is_newer
        assert transaction.add_report(Report("lower", "event", boot_no, message_no, 0, b""))


def test_the_outbox_keeps_its_order_until_a_message_is_dropped(journal):
    with journal.transaction() as transaction:
        for topic in ("a", "b", "c"):
            transaction.add_outgoing(Outgoing(topic, b"", True))
    first, *_ = journal.outbox(10)
    with journal.transaction() as transaction:
        transaction.drop_outgoing([first.id])
    assert [(each.topic, each.retain) for each in journal.outbox(10)] == [("b", True), ("c", True)]


def test_trimming_removes_only_what_every_stage_has_passed_and_keeps_some(journal):
    add_frames(journal, 20)
    progress = Progress(20, {"fast": 20, "slow": 15}, owed=0)
    Trimming(["fast", "slow"], journal, progress, JOURNAL_BYTES, kept=5).step()
    assert [each.seq for each in journal.frames(0, 100)] == list(range(11, 21))


def test_trimming_keeps_nothing_that_every_stage_has_passed_when_the_journal_is_nearly_full(journal):
    add_frames(journal, 20)
    progress = Progress(20, {"fast": 20, "slow": 15}, owed=0)
    Trimming(["fast", "slow"], journal, progress, JOURNAL_BYTES, is_tight=lambda: True, kept=5).step()
    assert [each.seq for each in journal.frames(0, 100)] == list(range(16, 21))


def test_a_full_journal_holds_until_there_is_room_again(journal):
    told = []
    room = Room(journal, 400_000, lambda: told.append(room.is_holding))
    assert room.look()
    add_frames(journal, 300, bytes(1000))
    assert not room.look()
    with journal.transaction() as transaction:
        transaction.trim(16, 1000)
    assert not room.look(), "taking began again with the first frame removed"
    with journal.transaction() as transaction:
        transaction.trim(201, 1000)
    assert room.look()
    assert told == [True, False]


def test_of_strangers_only_the_newest_dead_letters_are_kept_and_the_rest_is_counted(journal):
    with journal.transaction() as transaction:
        transaction.add_dead_letter(letter())
        for number in range(5):
            transaction.add_dead_letter(DeadLetter(number, "wrong-tag", "topic", False, b"", forged=True))
    Trimming(["store"], journal, Progress(0, {}, owed=0), JOURNAL_BYTES, strangers_limit=2).step()
    assert [(each.authenticated, each.at_ms) for each in journal.dead_letters()] == [(True, 5), (False, 3), (False, 4)]
    assert journal.counts()["strangers_dropped"] == 3


def test_what_was_written_off_comes_back_with_why_and_is_counted_by_it(journal):
    entries = [WrittenOff("upper", 7, 1, 1, LOST), WrittenOff("upper", 7, 2, 3, OVERWRITTEN)]
    entries.append(WrittenOff("upper", 7, 4, 6, ELSEWHERE))
    with journal.transaction() as transaction:
        transaction.write_off(entries)
    assert journal.written_off() == entries
    names = ("records_lost_after_receipt", "records_overwritten", "records_receipted_elsewhere")
    assert [journal.counts()[name] for name in names] == [1, 2, 3]


def test_large_dead_letters_of_strangers_take_no_more_of_the_journal_than_small_ones(journal):
    with journal.transaction() as transaction:
        for number in range(5):
            transaction.add_dead_letter(DeadLetter(number, "wrong-tag", "topic", False, bytes(40_000), forged=True))
    Trimming(["store"], journal, Progress(0, {}, owed=0), JOURNAL_BYTES).step()
    assert [each.at_ms for each in journal.dead_letters()] == [3, 4]
    assert journal.counts()["strangers_dropped"] == 3


def test_only_dead_letters_that_are_kept_for_good_are_counted_for_their_topic(journal):
    with journal.transaction() as transaction:
        transaction.add_dead_letter(letter())
        transaction.add_dead_letter(DeadLetter(5, "reason", "other", True, bytes(30)))
        transaction.add_dead_letter(DeadLetter(5, f"{QUARANTINED}: much", "topic", True, bytes(30)))
        transaction.add_dead_letter(DeadLetter(5, "wrong-tag", "topic", False, bytes(30)))
    assert journal.dead_letter_bytes() == {"topic": 7, "other": 30}
