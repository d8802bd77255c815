"""What fab watch has seen so far, and what it does about a confirmed illness: it rolls back, or calls for a person.

Never asks where nobody is there to answer, and never calls twice for one watch.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hummii_ops.errors import Busy, Declined, ExitCode, Refused
from hummii_ops.facts.snapshot import Snapshot
from hummii_ops.inventory import Environment
from hummii_ops.tasks.call import session
from hummii_ops.tasks.call.said import Reply, say
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.call.way_out import afterwards
from hummii_ops.tasks.reply import told
from hummii_ops.transport import LinkLost, printable

if TYPE_CHECKING:
    from hummii_ops.scenarios.deploy_watch import Decision, Opinion, Policy
    from hummii_ops.scenarios.watch import Look

End = Literal["well", "rolled-back", "needs-a-person", "inconclusive"]
_WENT = (ExitCode.DONE, ExitCode.DEGRADED)
_SIGNS = {"settling": "[dim]·[/]", "well": "[green]✓[/]", "ill": "[yellow]?[/]", "breach": "[bold red]✗[/]"}


@dataclass(kw_only=True)
class Story:
    """What came of it so far, for the end of the task. `called`: what a person was called for."""

    kept: Path
    looks: int = 0
    ill: int = 0
    unseen: int = 0
    turns: list[dict[str, str]] = field(default_factory=list)
    called: str = ""
    next_command: str = ""
    run: Reply | None = None
    last: str = ""

    def note(self, kind: str, words: str) -> None:
        self.turns.append({"at": datetime.now(UTC).isoformat(), "kind": kind, "words": printable(words)})
        people = say()
        people.print(f"{datetime.now(UTC):%H:%M:%S} {_SIGNS.get(kind, '[yellow]![/]')} ", end="")
        people.print(printable(words), markup=False)

    @property
    def end(self) -> End:
        if self.run is not None and self.run.exit_code in _WENT:
            return "rolled-back"
        if self.called:
            return "needs-a-person"
        seen = self.looks - self.unseen
        return "well" if self.last == "well" and 2 * seen > self.looks else "inconclusive"

    @property
    def exit_code(self) -> ExitCode:
        """5: the deploy failed, and the release before runs, verified. One that did not hold leaves the ill release."""
        if self.end == "rolled-back" and self.run is not None:
            return ExitCode.RESTORED if self.run.exit_code is ExitCode.DONE else ExitCode.DEGRADED
        if self.run is not None and self.run.exit_code is ExitCode.MIXED:
            return ExitCode.MIXED
        codes = {"needs-a-person": ExitCode.DEGRADED, "well": ExitCode.DONE}
        return codes.get(self.end, ExitCode.INCONCLUSIVE)


def breached(story: Story, one: Look, snapshots: Sequence[Snapshot], sites: Sequence[Site], policy: Policy) -> bool:
    """It is confirmed: roll back, or call for a person, once; then it goes on being looked at, for what is not known
    yet may be soon. True once it was rolled back.
    """
    from hummii_ops.scenarios.deploy_watch import decide

    try:
        decision = decide(policy, _opinions(sites), snapshots)
        if decision.do != "person" and _rolled_back(story, decision, one, snapshots, sites):
            return True
    except Busy as error:  # somebody changes the stack: what was seen is over
        story.note("settling", str(error).splitlines()[0])
        return False
    except (Refused, Declined, LinkLost) as error:
        remedy = getattr(error, "remedy", "") or "fab status"
        call(story, sites[0].environment, f"no rollback: {str(error).splitlines()[0]}", remedy)
        return False
    call(story, sites[0].environment, decision.why, decision.next_command)
    return False


def _opinions(sites: Sequence[Site]) -> Sequence[Opinion]:
    from hummii_ops.scenarios.deploy_watch import Opinion
    from hummii_ops.tasks.health.diagnose import diagnosed

    found = []
    for site in sites:
        link = replace(site, transport=site.place.connect())
        try:
            host, seen, advice = diagnosed(link)
        finally:
            link.transport.close()
        fits = site.environment.database is None or seen.migrations == "safe"
        found.append(
            Opinion(
                host=host,
                helps=advice.helps,
                because=advice.because,
                next_command=advice.next_command,
                schema_fits=fits,
            )
        )
    return found


def _rolled_back(
    story: Story, decision: Decision, one: Look, snapshots: Sequence[Snapshot], sites: Sequence[Site]
) -> bool:
    """The rollback as `fab rollback --latest` does it. Raises what that raises: then nothing was changed."""
    from hummii_ops.tasks.code.going_back import CodeWish, go_back

    if decision.do == "ask" and (story.called or not sys.stdin.isatty()):
        return False  # nobody is there to ask; or they said no, and are asked once
    links = [replace(site, transport=site.place.connect()) for site in sites]
    reason = f"fab watch: {', '.join(one.ill)} in a row; {decision.why}"[:500]
    story.note("breach", f"confirmed, and a rollback would help: {decision.why}")
    allowed = only_what_was_ill(snapshots, sites[0].environment.version_service)
    reply = go_back(CodeWish(yes=decision.do == "roll-back", reason=reason, allowed=allowed), links)
    reply.show(say())
    afterwards(reply)
    story.run = reply
    story.note("rolled-back", f"the rollback {reply.body['run_id']} ended: {reply.verdict}")
    if reply.exit_code not in _WENT:
        story.called = ""  # whoever was called before does not know this
        call(story, sites[0].environment, f"the rollback {reply.body['run_id']} did not hold", "fab status")
    return True


def only_what_was_ill(judged: Sequence[Snapshot], version_service: str) -> Callable[[Snapshot], None]:
    """Raises Busy if something else runs there than what was judged: it may be the fix."""
    from hummii_ops.scenarios.deploy_watch import acted_before, running_on

    ill = {one.host_name: running_on([one], version_service) for one in judged}

    def look_again(now: Snapshot) -> None:
        if running_on([now], version_service) != ill.get(now.host_name) or acted_before(now):
            what = f"{now.host_name}: something else runs now than what was ill; it is not rolled back"
            raise Busy(what, remedy="fab status")

    return look_again


def call(story: Story, environment: Environment, why: str, next_command: str) -> None:
    """Once: whoever was called knows."""
    if story.called:
        return
    story.called, story.next_command = why, next_command
    story.note("needs-a-person", f"a person is needed: {why}; next: {next_command}")
    if environment.notify is None:
        return
    from hummii_ops.run.ship import About, new_run_id

    about = About(run_id=new_run_id("watch"), task="watch", who=session.who(), reason=why, since_ms=0, hosts=())
    teller = told.announcer(environment, about)
    teller.facts |= {"task": "fab watch", "reason": why}
    teller.say("needs-person", result=why, next=f"Next: {next_command}")
    teller.teller.flush()
