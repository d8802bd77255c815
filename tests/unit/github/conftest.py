"""A GitHub for tests, and our client of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from stand_in import TOKEN, StandIn, serving

from hummii_ops.github.client import GitHub
from hummii_ops.inventory import Secret


@pytest.fixture
def github_server() -> Iterator[StandIn]:
    """GitHub's API on loopback; it answers only what its published description allows."""
    with serving() as server:
        yield server


@pytest.fixture
def asking(github_server: StandIn) -> Iterator[Callable[..., GitHub]]:
    """Makes clients of it, each with a deadline of its own."""
    made: list[GitHub] = []

    def make(*, limit_s: float = 10, url: str = "") -> GitHub:
        client = GitHub(repository="hummii/shop", token=Secret(TOKEN), limit_s=limit_s, url=url or github_server.url)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()
