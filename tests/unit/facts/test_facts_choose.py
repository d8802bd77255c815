"""--latest and --to, case by case: the files in choose/ are the promise, for the server's door too.

A case: `now`, `running` (service → image and creation), `last_run`, `releases` newest first, `request`;
`expect` is the chosen id, or the exit code and words that the message must hold.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from facts_stacks import container, snapshot

from hummii_ops.errors import HummiiError
from hummii_ops.facts.claims import RunFact
from hummii_ops.facts.release import Release, ServiceImage
from hummii_ops.facts.restore_points.choose import Choice, choose_latest, choose_to
from hummii_ops.facts.snapshot import Snapshot

CASES = sorted((Path(__file__).parent / "choose").glob("*.json"))


def when(text: str) -> datetime:
    """A case's time."""
    return datetime.fromisoformat(text)


def a_release(said: dict[str, Any]) -> Release:
    """A case's release: what is not said is as plain as can be."""
    return Release(
        id=said["id"],
        name=f"docker-compose.prod.yml.backup-{said['id']}",
        path=f"/opt/hummii/backups/docker-compose.prod.yml.backup-{said['id']}",
        at=when(said["at"]) if said["at"] else None,
        ambiguous=said.get("ambiguous", False),
        version=said["version"],
        services=tuple(
            ServiceImage(service=service, ref=image, image_id=image, on_host=True)
            for service, image in said["images"].items()
        ),
        goodness=said["goodness"],
        identity=said.get("identity"),
        recorded=said.get("recorded", False),
        running=said.get("running", False),
        reasons=tuple(said.get("reasons", ())),
    )


def a_snapshot(case: dict[str, Any]) -> Snapshot:
    """What runs in a case, and the run before it."""
    last = case["last_run"]
    run = last and RunFact(
        run_id="RUN",
        task=last["task"],
        who="",
        reason="",
        since=None,
        from_release="",
        to_release=last["to"],
        from_identity="",
        to_identity="",
        state=last["state"],
        state_at=when(last["ended"]),
        outside=None,
    )
    return snapshot(
        read_at=when(case["now"]),
        containers=tuple(
            container(service, "", image_id=one["image"], created=when(one["created"]))
            for service, one in case["running"].items()
        ),
        runs=(run,) if run else (),
    )


def choose(request: str, every: tuple[Release, ...], seen: Snapshot) -> Choice:
    """What a request means; `--to` has nothing to pass over."""
    if request == "--latest":
        return choose_latest(every, seen)
    found = choose_to(every, request.removeprefix("--to="), seen)
    return Choice(release=found, never_proven=False, passed_over=())


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_the_choice_is_as_promised(file: Path) -> None:
    """What the case's file says happens: that release, or that exit code with a message and a remedy."""
    case = json.loads(file.read_text())
    seen, every = a_snapshot(case), tuple(a_release(one) for one in case["releases"])
    request, expect = case["request"], case["expect"]
    if "exit_code" in expect:
        with pytest.raises(HummiiError) as raised:
            choose(request, every, seen)
        error = raised.value
        assert error.exit_code == expect["exit_code"], error.what
        assert all(words in error.what for words in expect["words"]), error.what
        assert error.remedy
        assert expect.get("next", "") in error.remedy
        assert error.what.replace("\n", "").isprintable()
        return
    choice = choose(request, every, seen)
    assert choice.release.id == expect["id"]
    if "never_proven" in expect:
        assert choice.never_proven == expect["never_proven"]
        assert [one for one, why in choice.passed_over if why] == list(every[: every.index(choice.release)])


def test_there_are_enough_cases() -> None:
    """The folder was found: a glob that matches nothing would prove nothing."""
    assert len(CASES) >= 50


@pytest.mark.parametrize(
    ("kept", "request_", "proposed"),
    [
        (2, "--latest", "fab rollback --to=…"),
        (0, "--latest", "fab verify. To take it back: fab undo"),
        (2, "--to=latest", "fab rollback --latest"),
    ],
)
def test_what_is_proposed_can_be_done(kept: int, request_: str, proposed: str) -> None:
    """Further back where something is kept, else a look or the way back; the other flag by its name."""
    case = json.loads((Path(__file__).parent / "choose" / "latest-already-rolled-back.json").read_text())
    every = tuple(a_release(one) for one in case["releases"][:kept])
    with pytest.raises(HummiiError) as raised:
        choose(request_, every, a_snapshot(case))
    assert proposed in raised.value.remedy
