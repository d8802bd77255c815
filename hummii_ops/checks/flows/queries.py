"""What a JSON answer says at a place, by JMESPath. The one file that imports jmespath."""

from __future__ import annotations

from functools import cache
from typing import Any


def check(query: str) -> str | None:
    """What is wrong with a query; None if nothing is."""
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        jmespath.compile(query)
    except JMESPathError as error:
        return str(error).splitlines()[0].removeprefix("Invalid jmespath expression: ").rstrip(":")
    return None


@cache
def _compiled(query: str) -> Any:
    import jmespath

    return jmespath.compile(query)


def find(query: str, value: Any) -> Any:
    """What stands there; None if nothing does, or if the query does not fit such a value."""
    from jmespath.exceptions import JMESPathError

    try:
        return _compiled(query).search(value)
    except JMESPathError:
        return None
