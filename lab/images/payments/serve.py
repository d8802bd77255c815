"""Serves localstripe on port 8420; the number of seconds in /tmp/delay_s is waited for before each answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from localstripe.server import app

DELAY = Path("/tmp/delay_s")  # noqa: S108 - in a container of its own


@web.middleware
async def delayed(request: web.Request, handler: Callable[[web.Request], Awaitable[web.Response]]) -> web.Response:
    if DELAY.exists():
        await asyncio.sleep(float(DELAY.read_text()))
    return await handler(request)


if __name__ == "__main__":
    app.middlewares.insert(0, delayed)
    web.run_app(app, host="0.0.0.0", port=8420)  # noqa: S104 - in a container of its own
