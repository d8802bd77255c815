"""What the steps of a flow are made of: requests, what is expected of an answer, what is taken from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from hummii_ops.checks.flows import queries
from hummii_ops.inventory import fields
from hummii_ops.inventory.fields import Frozen, wrong

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Part(Frozen):
    """A piece of a flow; a number where text is wanted is that text."""

    model_config = ConfigDict(coerce_numbers_to_str=True, populate_by_name=True)


def _query(value: str) -> str:
    if said := queries.check(value):
        wrong(f"is not a JMESPath query: {said}")
    return value


def _variable(value: str) -> str:
    if not _NAME.fullmatch(value):
        wrong("must be letters, digits and underscores, and not begin with a digit")
    return value


def _address(value: str) -> str:
    if not re.match(r"/(?!/)|https?://[^/]|wss?://[^/]|\{\{", value) or re.search(r"\s(?![^{]*\}\})", value):
        wrong('must be a path that begins with one "/", or a whole address')
    return value


def _statuses(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


Query = Annotated[fields.Text, AfterValidator(_query)]
Variable = Annotated[str, AfterValidator(_variable)]
Address = Annotated[fields.Text, AfterValidator(_address)]
Status = Annotated[int, Field(ge=100, le=599)]
Statuses = Annotated[tuple[Status, ...], BeforeValidator(_statuses)]
Seconds = Annotated[float, Field(gt=0, le=600)]


class Predicate(Part):
    """What a value must be; a bare value means that it must equal it. All that is said must hold."""

    equals: Any = None
    differs: Any = None
    contains: Any = None
    matches: fields.Regex | None = None
    present: bool | None = None
    more_than: float | None = None
    less_than: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return value if isinstance(value, Mapping) else {"equals": value}


class Expect(Part):
    """What an answer must be like."""

    status: Statuses | None = None
    headers: Mapping[str, Predicate] = {}
    json_at: Mapping[Query, Predicate] = Field(default={}, alias="json")
    body_contains: fields.Text | None = None
    max_ms: float | None = Field(default=None, gt=0)


class Capture(Part):
    """A value of the answer that later steps use; a secret one is masked wherever it would show."""

    source: Literal["json", "header", "status"] = Field(default="json", alias="from")
    query: fields.Text | None = None
    secret: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Capture:
        if self.source == "json" and (said := queries.check(self.query or "")):
            wrong(f"`query` is not a JMESPath query: {said}")
        if self.source == "header" and not self.query:
            wrong("`query` must name the header")
        return self


class Http(Part):
    """One request; `path` stands at the host's url, unless it is a whole address."""

    method: Literal["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: Address
    headers: Mapping[str, str] = {}
    json_body: Any = Field(default=None, alias="json")
    form: Mapping[str, str] | None = None
    body: str | None = None
    follow: bool = False

    @model_validator(mode="after")
    def _one_body(self) -> Http:
        if len({"json_body", "form", "body"} & self.model_fields_set) > 1:
            wrong("has more than one of `json`, `form` and `body`")
        return self


class WaitUntil(Http):
    """A request that is asked again until what is expected holds."""

    deadline_s: Seconds = 10
    every_s: Seconds = 0.5
