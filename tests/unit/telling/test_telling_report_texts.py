"""The record of a run is harmless in every form, whatever its texts say."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import run_folders
from junitparser import Error, Failure, JUnitXml, Skipped
from markdown_it import MarkdownIt
from reports import reported
from run_folders import HOST, laid

from hummii_ops.telling.report.html import html
from hummii_ops.telling.report.junit import junit
from hummii_ops.telling.report.markdown import markdown
from hummii_ops.telling.report.write import write

MARKUP = "</code><img src=x onerror=alert(1)> `` [a](http://evil.example) | @team ]]> &lt; <b>b</b>"


class Page(HTMLParser):
    """What a browser would take for tags, and all that it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), f"{tag} {name}={value}"
            if name in ("src", "srcset", "data", "poster", "xlink:href", "action") or (tag, name) == ("link", "href"):
                self.fetched.append(f"{tag} {name}={value}")
            if (tag, name) == ("a", "href"):
                assert not re.match(r"[a-z]+:|//", value or ""), value


def poisoned(tmp_path: Path) -> Path:
    """Markup, control sequences and a secret, wherever a server or a person can put text."""
    folder = laid(tmp_path)
    about = (folder / HOST / "about").read_text(encoding="utf-8")
    bad = f"{MARKUP}\x1b[31m password=hunter2 \x00\u202e"
    text = re.sub("^(reason|who)=.*$", lambda found: f"{found[1]}={bad}", about, flags=re.MULTILINE)
    (folder / HOST / "about").write_text(text, encoding="utf-8")
    run_folders.journal(
        folder, lambda lines: [one | ({"ev": "failed"} if one["ev"] == "done" else {}) for one in lines]
    )
    (folder / HOST / "output.log").write_text(bad * 20, encoding="utf-8")
    note = {"at": "2026-11-22T14:30:00+00:00", "text": bad, "who": bad}
    (folder / "notes.jsonl").write_text(json.dumps(note) + "\n", encoding="utf-8")
    look = {"name": bad, "host": bad, "verdict": "fail", "reason": bad}
    (folder / "verify.json").write_text(json.dumps({"measurements": [look]}), encoding="utf-8")
    run_folders.plan(folder, warnings=[bad], environment=bad)
    return folder


def test_text_is_never_markup_in_html(tmp_path: Path) -> None:
    """No tag but ours, no handler, nothing fetched, no link to elsewhere; a policy forbids what got in all the same."""
    clean, page = Page(html(reported(laid(tmp_path / "clean")))), Page(html(reported(poisoned(tmp_path))))
    assert set(page.tags) <= {*clean.tags, "ul", "li", "strong"}
    assert "script" not in page.tags
    assert page.fetched == []
    text = html(reported(laid(tmp_path / "again")))
    assert "default-src 'none'" in text
    assert "url(" not in text
    assert "@import" not in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_text_is_never_markup_in_markdown(tmp_path: Path) -> None:
    """By a real CommonMark reader with tables and raw HTML: no tag, link or picture comes of it."""
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    page = reader.render(markdown(reported(poisoned(tmp_path))))
    tags = set(Page(page).tags)
    assert tags <= {"h1", "h2", "h3", "p", "code", "strong", "table", "thead", "tbody", "tr", "th", "td", "a", "ul"} | {
        "li",
        "blockquote",
    }
    assert "evil.example" not in "".join(re.findall('href="([^"]*)"', page))
    assert MARKUP.split("|")[0].strip() in Text(page).text


class Text(HTMLParser):
    """What a reader sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_no_form_has_control_characters_or_secrets(tmp_path: Path) -> None:
    """Each form is fit for a terminal and for a ticket."""
    folder = poisoned(tmp_path)
    write(folder)
    for path in folder.glob("report.*"):
        text = path.read_text(encoding="utf-8")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text), path.name
        assert "hunter2" not in text, path.name


def test_junit_goes_round(tmp_path: Path) -> None:
    """A reader of JUnit counts the steps and the looks as they were."""
    folder = poisoned(tmp_path)
    path = tmp_path / "report.xml"
    path.write_text(junit(reported(folder)), encoding="utf-8")
    steps, looks = JUnitXml.fromfile(str(path))
    report = reported(folder)
    results = [result for case in steps for result in case.result]
    assert (steps.tests, steps.failures) == (len(report["steps"]), sum(isinstance(one, Failure) for one in results))
    assert steps.failures > 5
    assert steps.skipped == sum(isinstance(one, Skipped) for one in results)
    assert [type(result) for case in looks for result in case.result] == [Failure]
    run_folders.killed_at(laid(tmp_path / "killed"), "replace-api")
    path.write_text(junit(reported(next((tmp_path / "killed" / "runs").iterdir()))), encoding="utf-8")
    (steps,) = JUnitXml.fromfile(str(path))
    assert [case.name for case in steps for one in case.result if isinstance(one, Error)] == ["replace-api"]
