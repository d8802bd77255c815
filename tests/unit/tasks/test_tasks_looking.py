"""The looks of fab verify wait for one another only where they must: the questions at a fixed rate take longest."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from threading import Event

from built_snapshots import snapshot

from hummii_ops.checks.compared.baseline import NEWEST
from hummii_ops.facts.reading.read import script
from hummii_ops.inventory import Environment
from hummii_ops.tasks.call.ahead import Ahead
from hummii_ops.tasks.call.session import Site
from hummii_ops.tasks.health.looking import see
from hummii_ops.transport import FakeTransport, Result, endpoint_of

ANSWERS = Path(__file__).resolve().parents[1] / "checks" / "answers"
ENVIRONMENT = Environment.model_validate(
    {
        "name": "production",
        "hosts": [{"name": "prod-1", "address": "192.0.2.1"}],
        "health": {"inside": "http://127.0.0.1/api/health", "settle_s": 0},
        "proxy": {"service": "nginx"},
        "database": {"name": "hummii", "user": "hummii"},
    }
)
NOTHING = b"\n@hummii end 0 \n"
REQUESTS = files("hummii_ops.checks.requests")
ASKED_AT_A_RATE = REQUESTS.joinpath("responses.sh").read_text(encoding="utf-8")
LOG = REQUESTS.joinpath("access_log.sh").read_text(encoding="utf-8")


class Prod:
    """A host whose slowest look ends when all of these have been asked: the second read, the baseline, the work."""

    def __init__(self) -> None:
        self.asked = {name: Event() for name in ("second read", "baseline", "users' requests", "work")}
        self.together = False

    def answer(self, text: str, _args: tuple[str, ...]) -> Result:
        if text == ASKED_AT_A_RATE:
            self.together = all(one.wait(5) for one in self.asked.values())
        elif text == script("read.sh"):
            self.asked["second read"].set()
        elif text == NEWEST:
            self.asked["baseline"].set()
        elif text == LOG:
            self.asked["work" if self.asked["users' requests"].is_set() else "users' requests"].set()
        stdout = (ANSWERS / "database.txt").read_bytes() if "pg_stat_activity" in text else NOTHING
        return Result(exit_code=0, stdout=stdout, stderr=b"")


def test_nothing_waits_for_the_slowest_look() -> None:
    """The second read, what ran before and what the requests cost are asked while it is at work."""
    prod, (host,) = Prod(), ENVIRONMENT.hosts
    site = Site(
        environment=ENVIRONMENT,
        host=host,
        endpoint=endpoint_of(ENVIRONMENT, host),
        transport=FakeTransport(prod.answer),
        begun=Ahead(snapshot),
    )
    see(site, settle_s=0, left=Event())
    assert prod.together, [name for name, one in prod.asked.items() if not one.is_set()]
