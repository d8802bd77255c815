"""What a task says turns and clears no screen, whoever wrote the words in it; a document keeps their meaning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from invoke.exceptions import Exit

from hummii_ops.errors import Refused
from hummii_ops.tasks.call.frame import of_error
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.call.way_out import end
from hummii_ops.transport.identity import is_file

TURNING = "a\x9b2Jb\u202ec\x1b[2Jd\x7f"


def test_a_document_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Escaped, so that a parser reads the very text, and a terminal sees none of it; letters stay letters."""
    end(Reply(kind="x", body={"who": f"Zoë {TURNING}"}), "json")
    said = capsys.readouterr().out
    assert json.loads(said)["who"] == f"Zoë {TURNING}"
    assert "Zoë" in said
    assert all(char.isprintable() or char == "\n" for char in said)


@pytest.mark.parametrize("format", ["json", "text"])
def test_an_error_that_quotes_a_file(format: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its words and its next command, without what is no letter."""
    with pytest.raises(Exit):
        end(of_error(Refused(f"the file {TURNING}", remedy=f"look: {TURNING}")), format)
    said = "".join(capsys.readouterr())
    assert "the file abcd" in said
    assert all(char.isprintable() or char == "\n" for char in said)


def test_a_name_that_no_file_can_have() -> None:
    """It is not there, and that is all."""
    assert not is_file(Path("x" * 300))
