"""The files of flows: all mistakes of all files at once, each with its place; and how templates are filled."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hummii_ops.checks.flows.load import Loaded, load
from hummii_ops.checks.flows.templates import fill, holes


def loaded(folder: Path, allowed: tuple[str, ...] = (), **files: str) -> Loaded:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return load(folder, allowed=allowed)


def said(one: Loaded) -> list[str]:
    return [str(problem).removeprefix(f"{one.folder}/") for problem in one.problems]


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """With line, column, key path and the nearest right name; a file that is right is still read."""
    first = """\
about: wrong
deadline_s: soon
steps:
  - name: one
    htpp: {path: /a}
  - name: Two Words
    http: {path: a, metod: GET}
    expect: {status: 700, json: {"a[": 1, b: {contans: 2}}}
"""
    second = "steps:\n  - name: x\n    http: {path: '/{{tokn}}'}\nvars: {token: 1}\n"
    right = "steps:\n  - name: x\n    http: {path: /}\n"
    one = loaded(tmp_path, first=first, second=second, right=right)
    assert list(one.flows) == ["right"]
    assert said(one) == [
        "first.yaml:2:13 deadline_s: must be a number",
        'first.yaml:5:5 steps[0].htpp: unknown key; did you mean "http"?',
        "first.yaml:6:11 steps[1].name: must be lower-case letters, digits and dashes, begin with a letter or digit, "
        "at most 63 characters",
        'first.yaml:7:18 steps[1].http.path: must be a path that begins with one "/", or a whole address',
        'first.yaml:7:21 steps[1].http.metod: unknown key; did you mean "method"?',
        "first.yaml:8:22 steps[1].expect.status: must be at most 599",
        'first.yaml:8:40 steps[1].expect.json."a[": is not a JMESPath query: Incomplete expression',
        'first.yaml:8:47 steps[1].expect.json.b.contans: unknown key; did you mean "contains"?',
        'second.yaml:3:18 steps[0].http.path: {{tokn}} has no value here; did you mean "token"?',
    ]


CLEANS = "cleanup: [{name: c, http: {path: '/{{%s}}'}}]"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("http: {path: /}\n    wait_until: {path: /}", "exactly one of `http`, `socketio`, `websocket`, `wait_until`"),
        ("expect: {status: 200}", "exactly one of"),
        ("http: {path: /, method: POST}\n    retry: 2", "`idempotent: true`"),
        ("http: {path: /, json: 1, body: x}", "more than one of `json`, `form` and `body`"),
        ("socketio: {emit: a, event: b}", "exactly one of `connect`, `emit`, `event`"),
        ("websocket: {send: a}\n    expect: {status: 200}", "neither status nor headers"),
        ("http: {path: /}\n    capture: {uuid: {query: a}}", "is a name of ours"),
        ("http: {path: /}\n    capture: {a: {from: header}}", "must name the header"),
        ("http: {path: /, headers: {K: sk_live_abc}}", "a live payment key may not stand here"),
        ("http: {path: '/{{a b}}'}", "not a template"),
        (
            "http: {path: /}\n    cleanup: [{name: c, http: {path: '/{{id}}'}}]\n    capture: {id: {query: id}}",
            "known before",
        ),
        (f"http: {{path: /}}\n    {CLEANS % 'attempt'}", "known before its step"),
        ("http: {path: /}\n  - name: x\n    http: {path: /}", "another step has this name, at 2:11"),
    ],
)
def test_what_cannot_be_meant_is_told(tmp_path: Path, step: str, words: str) -> None:
    """Each as one mistake, and no live key is ever quoted."""
    one = loaded(tmp_path, mine=f"steps:\n  - name: x\n    {step}\n")
    assert len(one.problems) == 1, said(one)
    assert words in said(one)[0]
    assert "sk_live_abc" not in said(one)[0]


def test_a_captured_secret_is_not_for_a_clean_up(tmp_path: Path) -> None:
    """The ledger must not hold it, so another process could not clean up with it; the password can be used."""
    text = """\
steps:
  - name: one
    http: {path: /}
    capture: {token: {query: token, secret: true}, id: {query: id}}
  - name: two
    http: {path: /}
    cleanup:
      - {name: c, http: {path: "/{{id}}", headers: {A: "{{token}}", B: "{{password}}", C: "{{secret.pin}}"}}}
"""
    (only,) = said(loaded(tmp_path, mine=text))
    assert "mine.yaml:8:56" in only
    assert "no captured secret: log in again" in only


def test_the_folder_and_the_allow_list_fit(tmp_path: Path) -> None:
    """A flow that is allowed and is not there, two files of one name, a name that is none."""
    right = "steps:\n  - name: x\n    http: {path: /}\n"
    assert "no flow in this folder" in said(loaded(tmp_path, ("*",)))[0]
    (tmp_path / "order.yml").write_text(right)
    one = loaded(tmp_path, ("ordr", "*"), order=right, My_Flow=right)
    assert len(one.problems) == 3
    assert "named as its file" in said(one)[0]
    assert "another file is the flow order" in said(one)[1]
    assert said(one)[2].endswith('did you mean "order"?')


def test_numbers_are_numbers_and_texts_stay_texts(tmp_path: Path) -> None:
    """As JSON would have it; what is quoted, or begins with a zero, is text."""
    body = '{a: 1, b: "1", c: true, d: "true", e: 1.5, f: 0041, g: null, h: 1_0, i: 2026-01-01, k: [1, {l: x}]}'
    one = loaded(tmp_path, mine=f"steps:\n  - name: x\n    http: {{method: POST, path: /, json: {body}}}\n")
    http = one.flows["mine"].steps[0].http
    assert http is not None
    assert http.json_body == {
        "a": 1, "b": "1", "c": True, "d": "true", "e": 1.5, "f": "0041", "g": None, "h": "1_0", "i": "2026-01-01",
        "k": [1, {"l": "x"}],
    }  # fmt: skip


def test_a_name_alone_keeps_its_type_and_in_a_text_is_text() -> None:
    """Numbers stay numbers; lists become JSON within a text."""
    names = {"id": 7, "list": [1, "a"], "word": "x"}
    filled = fill({"a": "{{id}}", "b": "n{{ id }}-{{word}}", "c": ["{{list}}", "{{list}}!"]}, names.__getitem__)
    assert filled == {"a": 7, "b": "n7-x", "c": [[1, "a"], '[1, "a"]!']}
    assert list(holes({"a": ["{{id}}", {"b": "{{word}}"}]})) == ["id", "word"]


@given(value=st.text(max_size=50))
def test_a_value_is_never_filled_again(value: str) -> None:
    """Whatever a server says, also `{{secret.pin}}`, is sent as it is."""
    names = {"a": value, "secret.pin": "4711"}
    assert fill("{{a}}", names.__getitem__) == value
    assert fill("x{{a}}", names.__getitem__) == f"x{value}"
    assert fill("x{{a}}", {**names, "a": "{{secret.pin}}"}.__getitem__) == "x{{secret.pin}}"
