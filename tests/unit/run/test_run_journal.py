"""What a runner wrote is read again, also when a power cut tore it."""

from __future__ import annotations

import json
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from hummii_ops.events import Event, Kind
from hummii_ops.run.journal import parse, parse_line

KINDS = st.sampled_from(get_args(Kind))
IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)


@st.composite
def whole_lines(draw: st.DrawFn) -> str:
    value = {
        "t": draw(st.integers(0, 4_000_000_000_000)),
        "ev": draw(KINDS),
        "list": draw(st.sampled_from(["", "forward", "back"])),
        "step": draw(IDS),
        "code": draw(st.none() | st.integers(0, 255)),
        "log": draw(st.integers(0, 1 << 40)),
    }
    return json.dumps(value, separators=(",", ":"))


def read(text: str) -> tuple[Event, ...]:
    return parse(text, run_id="run", host="here")


@given(whole_lines())
def test_a_whole_line(line: str) -> None:
    """Every line that a runner can write is an event, with nothing lost."""
    event, value = parse_line(line, run_id="run", host="here"), json.loads(line)
    assert event is not None
    assert (event.kind, event.list, event.step) == (value["ev"], value["list"], value["step"])
    assert (event.code, event.log_offset) == (value["code"], value["log"])
    assert round(event.at.timestamp() * 1000) == value["t"]
    assert event.at.utcoffset() is not None


@given(st.text() | st.binary().map(lambda data: data.decode(errors="replace")))
def test_any_text(text: str) -> None:
    """No text whatever makes the reader fail."""
    read(text)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5), KINDS)
def test_any_value(value: object, kind: str) -> None:
    """A line that is JSON but not an event's is passed over; odd values in an event's never make the reader fail."""
    parse_line(json.dumps(value), run_id="run", host="here")
    for key in ("t", "ev", "list", "step", "code", "log"):
        line = {"t": 1, "ev": kind, "list": "", "step": "", "code": None, "log": 0} | {key: value}
        event = parse_line(json.dumps(line), run_id="run", host="here")
        if event is not None:
            assert event.code is None or type(event.code) is int
            assert event.log_offset is None or type(event.log_offset) is int


@given(st.lists(whole_lines(), min_size=1, max_size=8), st.data())
def test_torn_anywhere(lines: list[str], data: st.DataObject) -> None:
    """A line cut or spoiled anywhere costs that line alone."""
    at = data.draw(st.integers(0, len(lines) - 1))
    cut = data.draw(st.integers(0, len(lines[at]) - 1))
    torn = [*lines[:at], lines[at][:cut] + data.draw(st.sampled_from(["", "\0\0\0", "�", "{"])), *lines[at + 1 :]]
    whole = read("\n".join(lines) + "\n")
    assert read("\n".join(torn) + "\n") == whole[:at] + whole[at + 1 :]


def test_a_line_of_a_newer_runner() -> None:
    """A word that this version does not know is passed over, and an unknown key is no harm."""
    assert read('{"t":1,"ev":"teleported"}\n{"t":1,"ev":"begin","mood":"good"}') != ()
    assert [event.kind for event in read('{"t":1,"ev":"teleported"}\n{"t":1,"ev":"begin","mood":"good"}')] == ["begin"]
