"""Steps that wait for health, inside: our own waiter, the proxy, the answer, the quiet window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hummii_ops.steps.step import Effect, Step

# Failing at one of these means that the target itself is ill: it is marked bad.
JUDGING_STEPS = ("services-healthy", "proxy-follows", "answers-inside", "settled", "confirmed-outside")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A good answer: `url` as the host asks it, 2xx, and the key `field` equals `version` ("-": not compared)."""

    url: str
    field: str = "-"
    version: str = "-"

    @property
    def words(self) -> tuple[str, str, str]:
        return (self.url, self.field, self.version)


def healthy(project: str, services: Sequence[str], timeout_s: int) -> Step:
    return Step(
        id="services-healthy",
        title=f"every replica is healthy, within {timeout_s} s",
        effect=Effect.READS,
        limit_s=timeout_s + 15,
        holds=("services_well", project, *services),
        act=("await_services", str(timeout_s), project, *services),
    )


def still_well(project: str, services: Sequence[str], timeout_s: int) -> Step:
    """After the last proof, which may have started what had gone down."""
    return Step(
        id="proven-well",
        title="every replica of it is well",
        effect=Effect.READS,
        limit_s=timeout_s + 15,
        holds=("services_well", project, *services),
        act=("await_services", str(timeout_s), project, *services),
    )


def proxy_follows(project: str, service: str, reload: Sequence[str], answer: Answer, wait_s: int = 10) -> Step:
    """A proxy that resolved its upstream once is told to look again, if the way through it does not answer."""
    return Step(
        id="proxy-follows",
        title=f"{service} reaches the new containers",
        effect=Effect.CHANGES,
        limit_s=60,
        holds=("answers", *answer.words),
        act=("reload_proxy", str(wait_s), *answer.words, project, service, *reload),
    )


def proxy_looks_again(project: str, service: str, reload: Sequence[str]) -> Step:
    """A proxy that was asked while the name of a stopped service meant nothing may wait for that answer for seconds.

    Told as soon as the service is started again, while it boots; that it helped is for later steps to judge.
    """
    return Step(
        id="proxy-looks-again",
        title=f"{service} asks anew where the started services are",
        effect=Effect.RECORDS,
        limit_s=30,
        holds=("proxy_told", project, service, *reload),
        act=("look_again", project, service, *reload),
    )


def answers_inside(answer: Answer, timeout_s: int) -> Step:
    version = f" as {answer.version}" if answer.version != "-" else ""
    return Step(
        id="answers-inside",
        title=f"{answer.url} answers{version}",
        effect=Effect.READS,
        limit_s=timeout_s + 15,
        holds=("answers", *answer.words),
        act=("await_answer", str(timeout_s), *answer.words),
    )


def settled(project: str, services: Sequence[str], settle_s: int, timeout_s: int, answer: Answer | None) -> Step:
    words = answer.words if answer else ("-", "-", "-")
    return Step(
        id="settled",
        title=f"nothing restarts, dies or stops answering for {settle_s} s",
        effect=Effect.READS,
        limit_s=settle_s + timeout_s + 15,
        holds=("settled", project, *services),
        act=("settle", str(settle_s), str(settle_s + timeout_s), *words, project, *services),
    )


def confirmed_outside(deadline_s: int = 60) -> Step:
    """The gate after the proof from inside: silence keeps what is proven, a clear no goes back."""
    return Step(
        id="confirmed-outside",
        title="the outside confirms it",
        effect=Effect.READS,
        limit_s=deadline_s + 15,
        holds=("gate_says", "outside", "go", "keep"),
        act=("ask_gate", "outside", str(deadline_s), "keep"),
    )
