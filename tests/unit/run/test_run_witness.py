"""The journal's hash: noted at a run's end, compared later."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from hummii_ops.run import witness


def test_what_is_noted_at_the_end(tmp_path: Path) -> None:
    """Of a run that has ended, beside the host's folder; of one that goes on nothing, for its journal will change."""
    folder = tmp_path / "RUN" / "host-1"
    folder.mkdir(parents=True)
    (folder / witness.JOURNAL).write_bytes(b"{}\n")
    assert witness.note(folder, "forward") is None
    assert witness.noted(folder.parent) == {}
    assert witness.note(folder, "done") == sha256(b"{}\n").hexdigest()
    other = tmp_path / "RUN" / "host-2"
    other.mkdir()
    assert witness.note(other, "done") is None
    assert set(witness.noted(folder.parent)) == {"host-1"}
    assert (folder.parent / witness.NOTED).stat().st_mode & 0o777 == 0o600


def test_what_is_said_of_it() -> None:
    """The same, another, gone, or never noted here."""
    assert witness.compared("a", "a") == "same"
    assert witness.compared("a", "b") == "differs"
    assert witness.compared("a", None) == "gone"
    assert witness.compared(None, "b") == "not noted"


def test_notes_that_cannot_be_read(tmp_path: Path) -> None:
    """Torn or foreign: nothing was noted."""
    for text in ("{", "[]", '{"a":' * 10_000):
        (tmp_path / witness.NOTED).write_text(text)
        assert witness.noted(tmp_path) == {}
