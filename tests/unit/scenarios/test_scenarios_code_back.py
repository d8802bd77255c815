"""The pages on which code goes back: what they decide, in which order, and what they end with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from hummii_ops.checks import Measurement
from hummii_ops.checks.verdict import Judged
from hummii_ops.errors import Declined, ExitCode, Inconclusive, Refused, Unreachable
from hummii_ops.scenarios import critical_bug as critical
from hummii_ops.scenarios import performance_degradation as slow
from hummii_ops.scenarios.code_back import Ended
from hummii_ops.scenarios.page import Page
from hummii_ops.scenarios.performance_degradation import Opinion, compared


def look(name: str, said: Judged, value: float | None = None, *, critical: bool = True) -> Measurement:
    return Measurement(name=name, verdict=said, reason=f"{name} is {said}", source="", value=value, critical=critical)


@dataclass
class Hands:
    """What each look gives, in turn; the last one stays. `did` is what was asked of them."""

    looks: list[Sequence[Measurement]]
    ended: ExitCode = ExitCode.DONE
    helps: str = "yes"
    told: tuple[str, ...] = ()
    did: list[str] = field(default_factory=list)

    def verify(self, *, flows: bool = True) -> tuple[Measurement, ...]:
        self.did.append("verify")
        return tuple(self.looks.pop(0) if len(self.looks) > 1 else self.looks[0])

    def diagnose(self) -> tuple[Opinion, ...]:
        return (Opinion(host="a", helps=self.helps, because="so it is", next_command="fab status"),)  # type: ignore[arg-type]

    def roll_back(self) -> Ended:
        self.did.append("roll back")
        return Ended(exit_code=self.ended, document={"run_id": "R", "verdict": "x", "to": {"version": "1.0"}})

    def keep(self) -> None:
        self.did.append("keep")

    def channels(self) -> tuple[str, ...]:
        return self.told


WELL = [look("service.api", "pass"), look("flow.order", "pass")]
ILL = [look("service.api", "pass"), look("flow.order", "fail"), look("host.load", "fail", critical=False)]


def page() -> Page:
    return Page(name="a", title="A", budget_min=(15, 30), clock=lambda: 0.0)


@pytest.mark.parametrize(
    ("seen", "declare", "said"),
    [
        (ILL, "", "yes"),
        (WELL, "", "no"),
        (WELL, "users say so", "yes"),
        ([look("flow.order", "inconclusive")], "", "unknown"),
        ([look("flow.order", "error"), look("service.api", "fail")], "", "yes"),
        ([], "", "unknown"),
        ([look("release.mark", "fail"), look("quiet", "inconclusive"), look("service.api", "pass")], "", "no"),
        ([look("host.load", "fail", critical=False), look("service.api", "pass")], "", "no"),
    ],
)
def test_critical_by_looks_or_by_word(seen: Sequence[Measurement], declare: str, said: str) -> None:
    """Looks at our own books do not count; a person's word is enough, and no look vetoes it."""
    critical_is, why = critical.judge(seen, declare)
    assert (critical_is, bool(why)) == (said, True)
    assert not declare or why[0] == f"declared: {declare}"


def test_a_critical_bug_is_rolled_back_and_looked_at_again() -> None:
    """The stages of the procedure's page, in its order; 0 only if the second verification passes."""
    hands, its = Hands(looks=[ILL, WELL]), page()
    told = critical.critical_bug(its, hands, critical.Asked(), lambda _: None)
    assert [one.title for one in its.stages] == [
        "Verify that the issue is critical",
        "Notify stakeholders",
        "Execute the rollback",
        "Verify the rollback",
        "Investigate the issue",
    ]
    assert (hands.did, told.exit_code) == (["verify", "roll back", "verify", "keep"], ExitCode.DONE)
    assert critical.critical_bug(page(), Hands(looks=[ILL]), critical.Asked(), lambda _: None).exit_code == 7


@pytest.mark.parametrize(
    ("looks", "answer", "error", "rolled"),
    [
        (WELL, True, Refused, False),
        ([look("flow.order", "error")], None, Inconclusive, False),
        ([look("flow.order", "error")], False, Declined, False),
        ([look("flow.order", "error")], True, None, True),
    ],
)
def test_what_does_not_decide_it_asks(
    looks: list[Measurement], answer: bool | None, error: type[Exception] | None, rolled: bool
) -> None:
    """Nothing found is refused; not enough asks a person, and without one is inconclusive: nothing begins."""
    hands = Hands(looks=[looks, WELL])
    if error is None:
        critical.critical_bug(page(), hands, critical.Asked(), lambda _: answer)
    else:
        with pytest.raises(error):
            critical.critical_bug(page(), hands, critical.Asked(), lambda _: answer)
    assert ("roll back" in hands.did) == rolled


def test_a_rollback_that_was_taken_back_is_not_verified() -> None:
    """Its own code is the end; nobody looks for health in what was ill before. Nor after a dry run."""
    hands = Hands(looks=[ILL], ended=ExitCode.RESTORED)
    assert critical.critical_bug(page(), hands, critical.Asked(), lambda _: None).exit_code is ExitCode.RESTORED
    assert hands.did == ["verify", "roll back"]
    hands = Hands(looks=[ILL])
    assert critical.critical_bug(page(), hands, critical.Asked(dry_run=True), lambda _: None).measurements == ()
    assert hands.did == ["verify", "roll back"]


@pytest.mark.parametrize("error", [Unreachable("a: no route"), KeyboardInterrupt()])
def test_a_look_after_the_run_that_cannot_be_made(error: BaseException) -> None:
    """The release runs: "could not look" is 7, with the run in the document; never "nothing was changed"."""

    class Gone(Hands):
        def verify(self, *, flows: bool = True) -> tuple[Measurement, ...]:
            if "roll back" in self.did:
                raise error
            return super().verify(flows=flows)

    for told in (
        critical.critical_bug(page(), Gone(looks=[ILL]), critical.Asked(), lambda _: None),
        slow.performance_degradation(page(), Gone(looks=[SLOW]), slow.Asked(watch_s=0)),
    ):
        assert told.exit_code is ExitCode.DEGRADED
        assert told.run is not None
        assert [(one.name, one.verdict) for one in told.measurements] == [("verify", "error")]


def test_flows_are_not_played_where_they_must_not() -> None:
    """Not in a dry run, for they write; nor where a person's word decides, for they may hang."""

    class Played(Hands):
        def verify(self, *, flows: bool = True) -> tuple[Measurement, ...]:
            self.did.append("flows" if flows else "no flows")
            return super().verify(flows=flows)

    hands = Played(looks=[WELL])
    with pytest.raises(Inconclusive):  # what was not played could have found it
        critical.critical_bug(page(), hands, critical.Asked(dry_run=True), lambda _: None)
    critical.critical_bug(page(), hands, critical.Asked(declare="x", dry_run=True), lambda _: None)
    slow.performance_degradation(page(), hands, slow.Asked(dry_run=True))
    assert "flows" not in hands.did


SLOW = [look("speed.order.list", "fail", 2400), look("response.host/", "pass", 80)]
QUICK = [look("speed.order.list", "pass", 5), look("response.host/", "pass", 80)]


@pytest.mark.parametrize(
    ("helps", "despite", "error"),
    [("yes", "", None), ("no", "", Refused), ("unknown", "", Inconclusive), ("no", "I know it", None)],
)
def test_a_rollback_only_if_it_helps(helps: str, despite: str, error: type[Exception] | None) -> None:
    """Or by a person's word, which the page records."""
    hands, its = Hands(looks=[SLOW, QUICK], helps=helps), page()
    asked = slow.Asked(despite=despite, watch_s=0)
    if error is not None:
        with pytest.raises(error):
            slow.performance_degradation(its, hands, asked)
        assert "roll back" not in hands.did
        return
    told = slow.performance_degradation(its, hands, asked)
    assert (told.exit_code, its.stages[-1].found[0]) == (ExitCode.DONE, "improved, after 1 looks in 0 s")
    assert not despite or any(despite in line for line in its.stages[1].found)


def test_unchanged_is_said_aloud() -> None:
    """A rollback that changed nothing is not a success, whatever else is well."""
    hands, its = Hands(looks=[SLOW, SLOW]), page()
    told = slow.performance_degradation(its, hands, slow.Asked(watch_s=0))
    assert (told.exit_code, its.stages[-1].verdict) == (ExitCode.DEGRADED, "fail")
    assert any("did not fix it" in line for line in its.stages[-1].found)
    assert compared(SLOW, QUICK)[0] == "improved"
    assert compared(QUICK, SLOW)[0] == "worse"
    assert compared(QUICK, QUICK)[0] == "unknown"
    assert compared(SLOW, [])[0] == "unknown"
