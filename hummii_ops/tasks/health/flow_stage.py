"""The flows of an environment as its inventory has them, and the stage on which they play: loaded when needed."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from threading import Event, Lock
from typing import TYPE_CHECKING

from hummii_ops.errors import UsageError
from hummii_ops.inventory import Environment, Flows, Host, inventory_path, resolve

if TYPE_CHECKING:
    from hummii_ops.checks.flows.ledger import Ledger
    from hummii_ops.checks.flows.load import Loaded
    from hummii_ops.checks.flows.play import Stage


def settings_of(environment: Environment) -> Flows:
    """What the inventory says of flows; where it says nothing, none may run."""
    return environment.flows or Flows()


def loaded(environment: Environment) -> Loaded:
    """Every flow of the environment's folder, and every mistake."""
    from hummii_ops.checks.flows.load import load

    settings = settings_of(environment)
    return load(settings.dir, allowed=settings.allow)


def ledger() -> Ledger:
    """The ledger beside the inventory."""
    from hummii_ops.checks.flows.ledger import Ledger

    return Ledger(inventory_path().absolute().parent)


def stage(environment: Environment, host: Host, stop: Event) -> Stage:
    """Where the flows of this host play; it must have a url."""
    from hummii_ops.checks.flows.play import Stage

    return Stage(
        environment=environment.name,
        host=host.name,
        url=host.url or "",
        ledger=ledger(),
        secret=secrets_of(environment),
        env=os.environ,
        stop=stop,
    )


def secrets_of(environment: Environment) -> Callable[[str], str]:
    """Gives the inventory's secrets by name, each fetched once, and only when a flow asks for it."""
    lock = Lock()

    @cache
    def fetch(name: str) -> str:
        from hummii_ops.checks.flows.names import Unknown

        if name not in environment.secrets:
            raise Unknown(f"secret.{name} is not in the inventory's `secrets`")
        try:
            return resolve(environment.secrets[name]).reveal()
        except UsageError as error:
            raise Unknown(error.what) from None

    def secret(name: str) -> str:
        with lock:
            return fetch(name)

    return secret
