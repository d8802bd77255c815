"""Makes the folder of a run: the steps as files, the runner and verbs that will execute them, and a manifest.

Every step file holds two calls and nothing else; every word is quoted once.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import secrets
import shlex
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files

from hummii_ops.plans.plan import Plan
from hummii_ops.steps import Effect, Step

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LIB = ("runner.sh", "step.sh", "lease.sh", "probe.sh")


@dataclass(frozen=True, kw_only=True)
class About:
    """Who runs what, and why: the lines of the lease and of the run's about file. Times in epoch milliseconds.

    `scenario`: the page of the procedure that this run is a part of.
    """

    run_id: str
    task: str
    who: str
    reason: str
    since_ms: int
    hosts: tuple[str, ...]
    commit: str = ""  # whose failed deploy it answers by itself: once for a commit
    scenario: str = ""

    def lease_lines(self) -> str:
        return lines(
            {
                "who": self.who,
                "task": self.task,
                "reason": self.reason,
                "since": str(self.since_ms),
                "hosts": " ".join(self.hosts),
            }
        )


def new_run_id(task: str, now: datetime | None = None) -> str:
    """`YYYYMMDDTHHMMSSZ-<task>-<4 hex>`: sorts by time, and two of one second differ."""
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    return f"{stamp}-{task}-{secrets.token_hex(2)}"


def lines(values: Mapping[str, str]) -> str:
    """key=value lines; a control character in a value becomes a space, so that a line stays a line."""
    clean = {key: _CONTROL.sub(" ", value) for key, value in values.items()}
    return "".join(f"{key}={value}\n" for key, value in clean.items())


def render(step: Step) -> str:
    """The step's file: two functions, each one call of a verb."""
    return f"holds() {{ {shlex.join(step.holds)}; }}\nact() {{ {shlex.join(step.act)}; }}\n"


def library() -> dict[str, str]:
    """The runner and the verbs, by their names in the run's lib/."""
    host = files("hummii_ops.host")
    texts = {name: host.joinpath(name).read_text(encoding="utf-8") for name in _LIB}
    for verb in sorted(host.joinpath("verbs").iterdir(), key=lambda path: path.name):
        if verb.name.endswith(".sh"):
            texts[f"verbs/{verb.name}"] = verb.read_text(encoding="utf-8")
    facts = files("hummii_ops.facts")
    for shared in ("database/backup.sh", "reading/expect.sh"):  # what the reads ask too
        texts[f"verbs/{shared.split('/')[1]}"] = facts.joinpath(shared).read_text(encoding="utf-8")
    for sql in facts.joinpath("database/sql").iterdir():
        texts[f"sql/{sql.name}"] = sql.read_text(encoding="utf-8")
    return texts


def folder(plan: Plan, about: About) -> dict[str, str]:
    """Everything that the run's folder holds before it starts: name → text."""
    texts = {f"lib/{name}": text for name, text in library().items()}
    texts["lib/probe.url"] = plan.probe_url or ""
    texts["plan.json"] = json.dumps(plan.as_json(), indent=1, ensure_ascii=False) + "\n"
    texts["expect"] = plan.expect
    extra = {"scenario": about.scenario, "commit": about.commit}
    texts["about"] = lines({"run": about.run_id}) + about.lease_lines() + _releases(plan)
    texts["about"] += lines({name: value for name, value in extra.items() if value})
    texts["mark.about"] = lines({"who": about.who, "reason": about.reason, "since": str(about.since_ms)})
    texts["ready/as-planned.sh"] = render(_as_planned(plan))
    for name, steps in (("forward", plan.forward), ("back", plan.back), ("tidy", plan.tidy)):
        texts[f"{name}.list"] = "".join(f"{step.id} {step.limit_s} {step.effect}\n" for step in steps)
        texts |= {f"{name}/{step.id}.sh": render(step) for step in steps}
    texts |= dict(plan.notes)
    sums = (f"{sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(texts.items()))
    return texts | {"manifest": "".join(sums)}


def _releases(plan: Plan) -> str:
    return lines(
        {
            "from": plan.left.label,
            "to": plan.target.label,
            "from_identity": plan.left.identity or "",
            "to_identity": plan.target.identity or "",
        }
    )


def _as_planned(plan: Plan) -> Step:
    """The host is still as the plan saw it; looked at once, under the lease, before the first step."""
    return Step(
        id="as-planned",
        title="the host is still as the plan saw it",
        effect=Effect.READS,
        limit_s=60,
        holds=("facts_are", "expect", plan.project, plan.project_dir, *plan.expect_files),
        act=("cannot", "the host has changed"),
    )


def pack(texts: Mapping[str, str]) -> str:
    """A folder as base64 of a gzipped tar, in lines; the same folder gives the same text."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, text in sorted(texts.items()):
            data = text.encode()
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o640
            tar.addfile(info, io.BytesIO(data))
    return base64.encodebytes(gzip.compress(raw.getvalue(), compresslevel=6, mtime=0)).decode()
