"""fab runs --verify: is each journal on the hosts the one whose hash was noted here at the run's end?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from hummii_ops.errors import ExitCode, Refused
from hummii_ops.run import witness
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.said import Reply
from hummii_ops.tasks.call.session import Site
from hummii_ops.transport import LinkLost, printable

_SAYS = {
    "same": "✓ as noted here",
    "differs": "✗ NOT the journal that ended here: someone wrote in it, or the run went on from another laptop",
    "gone": "✗ gone from the host",
    "not noted": "- no hash was noted on this machine",
}


def verified(sites: Sequence[Site]) -> Reply:
    """Every run that a host has or that ended here. Raises Refused when the link is lost."""
    rows = [row for site in sites for row in _rows(site)]
    bad = any(row["journal"] in ("differs", "gone") for row in rows)

    def show(console: Console) -> None:
        for row in rows:
            line = f"{row['host']}  {row['run_id']}  {_SAYS[row['journal']]}"
            console.print(Text(printable(line), style="bold red" if row["journal"] in ("differs", "gone") else ""))
        if not rows:
            console.print("no run yet")
        if bad:
            console.print("  next: compare with the hash that was printed at the run's end, in its report, in CI's log")

    return Reply(
        kind="runs-verify",
        body={"runs": rows},
        exit_code=ExitCode.DEGRADED if bad else ExitCode.DONE,
        verdict="fail" if bad else "pass",
        show=show,
    )


def _rows(site: Site) -> list[dict[str, Any]]:
    try:
        there = witness.on_host(site.entry)
    except LinkLost as lost:
        raise Refused(f"{site.host.name}: the link was lost; nothing was compared", remedy="try again") from lost
    noted = {folder.name: witness.noted(folder).get(site.host.name) for folder in session.runs_dir().glob("*-*")}
    ended_here = {run for run, one in noted.items() if one is not None}
    return [
        {
            "host": site.host.name,
            "run_id": run,
            "journal": witness.compared(noted.get(run), there.get(run)),
            "noted": noted.get(run),
            "there": there.get(run),
        }
        for run in sorted(there.keys() | ended_here, reverse=True)
    ]
