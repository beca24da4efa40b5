from __future__ import annotations

from collector.spool.entries import Contents, encode_entry, file_content, read_content
from tests.factories.requests import a_mixed_request, an_accepted_request

REQUESTS = [an_accepted_request(3), a_mixed_request(), an_accepted_request(0, ignored=5)]
ENTRIES = [encode_entry(request) for request in REQUESTS]
CONTENT = file_content(ENTRIES)


def test_requests_are_read_back_as_they_were() -> None:
    assert read_content(CONTENT) == Contents(list(enumerate(REQUESTS)))


def test_a_file_cut_anywhere_is_found_out_and_gives_its_whole_requests() -> None:
    for cut in range(len(CONTENT)):
        contents = read_content(CONTENT[:cut])
        assert contents.fault is not None
        whole = sum(len(file_content(ENTRIES[: count + 1])) <= cut for count in range(3))
        assert contents.entries == list(enumerate(REQUESTS))[:whole]


def test_a_changed_byte_anywhere_is_found_out_and_changes_no_request() -> None:
    for place in range(len(CONTENT)):
        changed = bytearray(CONTENT)
        changed[place] ^= 0x41
        contents = read_content(bytes(changed))
        assert contents.fault is not None
        assert all(REQUESTS[position] == request for position, request in contents.entries)


def test_a_damaged_request_does_not_hide_those_behind_it() -> None:
    changed = bytearray(CONTENT)
    changed[len(file_content(ENTRIES[:1])) + 40] ^= 1
    contents = read_content(bytes(changed))
    assert contents.entries == [(0, REQUESTS[0]), (2, REQUESTS[2])]
    assert contents.fault == "entry 1 does not match its checksum"


def test_another_version_is_named() -> None:
    assert read_content(CONTENT[:7] + b"\x02" + CONTENT[8:]) == Contents(
        [], "format version 2 is not known, only 1"
    )


def test_what_follows_the_last_request_is_a_fault() -> None:
    contents = read_content(CONTENT + b"\0")
    assert len(contents.entries) == 3
    assert contents.fault == "more follows after the last entry"


def test_a_file_of_something_else_is_no_spool_file() -> None:
    assert read_content(b"\x89PNG\r\n\x1a\n" * 10) == Contents([], "this is no spool file")
