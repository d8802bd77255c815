"""One verb at a time on the lab's host, as the runner calls it."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from lab_production import FILE, PROJECT, Production

from hummii_ops.plans.plan import StackState
from hummii_ops.run import ship
from hummii_ops.steps import Effect, Step

HOME = f"{PROJECT}/.hummii-ops"

RUN = "20260101T000000Z-rollback-0001"

NOTHING = StackState(label="-", identity=None, files={}, modes={}, services=())

UP = ("compose_up", "hummii", PROJECT, f"{PROJECT}/{FILE}")

ALL = ("api", "nginx", "postgres", "redis")


@dataclass(frozen=True, kw_only=True)
class Verbs:
    """The verbs of a run that holds the lease of production, called as its runner calls them."""

    production: Production
    shell: str

    def _call(self, which: str, words: tuple[str, ...]) -> tuple[int, str]:
        text = ship.render(Step(id="tried", title="-", effect=Effect.READS, limit_s=1, holds=words, act=words))
        packed = base64.b64encode(text.encode()).decode()
        said = self.production.sh(
            'cd "$1" && echo "$2" | base64 -d >forward/tried.sh && code=0;'
            ' timeout 150 "$4" -eu lib/step.sh "$1" forward/tried.sh "$3" </dev/null >said 2>&1 || code=$?;'
            ' cat said; printf "\\n%s" $code',
            f"{HOME}/runs/{RUN}",
            packed,
            which,
            self.shell,
            user="deploy",
        )
        words_, _, code = said.rpartition("\n")
        assert int(code) != 90, "the lease was lost"
        return int(code), words_

    def holds(self, *words: str) -> bool:
        return self._call("holds", words)[0] == 0

    def act(self, *words: str) -> None:
        code, said = self._call("act", words)
        assert code == 0, said

    def says(self, *words: str) -> str:
        """What the act says, however it ends."""
        return self._call("act", words)[1]

    def cannot(self, *words: str) -> str:
        """What the act says when it fails, as it must here."""
        code, said = self._call("act", words)
        assert code != 0
        return said

    def file(self, name: str) -> str:
        return self.production.sh('cat "$1"', f"{HOME}/runs/{RUN}/{name}")


def switch(production: Production, version: str) -> None:
    """The compose file on disk names another version of the api; nothing that runs is touched."""
    production.sh('sed -i "s|image: hummii-api:.*|image: hummii-api:$1|" ' + f"{PROJECT}/{FILE}", version)
