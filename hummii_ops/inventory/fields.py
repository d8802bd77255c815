"""The kinds of value that an inventory holds: each is checked once, here, and right everywhere else.

A message must never quote the value: it may be a secret in the wrong place.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from pathlib import Path
from typing import Annotated, Any, NoReturn
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
NAME_RULE = "must be lower-case letters, digits and dashes, begin with a letter or digit, at most 63 characters"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ADDRESS = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:%-]*")


class Frozen(BaseModel):
    """A value that never changes and knows no keys but its own."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True, allow_inf_nan=False
    )


def wrong(message: str) -> NoReturn:
    """Report a wrong value; `message` continues "<key>: …"."""
    raise PydanticCustomError("inventory", "{message}", {"message": message})


def _text(value: str) -> str:
    if not value.strip():
        wrong("must not be empty")
    if _CONTROL.search(value):
        wrong("must not contain a line break or another control character")
    return value


def _matches(pattern: str, rule: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            wrong(rule)
        return value

    return AfterValidator(check)


def check_address(value: str) -> str:
    """Return an address that ssh can take for nothing but an address."""
    if value.startswith("-"):
        wrong('must not begin with "-"')
    if re.search(r"\s", value):
        wrong("must not contain white space")
    if "@" in value:
        wrong('must be the address alone; the user stands under "user"')
    if "/" in value:
        wrong("must be a host name or an IP address, not a URL or a path")
    if not _ADDRESS.fullmatch(value):
        wrong("must be a host name or an IP address")
    return value


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError:
        wrong("is not a URL")
    if parts.scheme not in {"http", "https"}:
        wrong("must begin with http:// or https://")
    if not host:
        wrong("must name a host, as https://hummii.example does")
    if parts.username is not None or parts.password is not None:
        wrong("must not hold a user or a password")
    if re.search(r"\s", value):
        wrong("must not contain white space")
    return value


def _base_url(value: str) -> str:
    if "?" in value or "#" in value:
        wrong('must end with its path: no "?" and no "#"')
    return value.rstrip("/")


def _url_path(value: str) -> str:
    if not value.startswith("/") or value.startswith("//"):
        wrong('must begin with one "/"')
    if re.search(r"[\s#]", value):
        wrong('must not contain white space or "#"')
    return value


def _folder_on_host(value: str) -> str:
    if not value.startswith("/"):
        wrong('must be absolute: begin with "/"')
    if ".." in value.split("/"):
        wrong('must not contain ".."')
    path = "/" + posixpath.normpath(value).lstrip("/")
    if path == "/":
        wrong("must be a folder of its own, not the root of the disk")
    return path


def _inside_project(value: str) -> str:
    if value.startswith("/"):
        wrong("must be relative to project_dir, not absolute")
    if ".." in value.split("/"):
        wrong('must stay inside project_dir: no ".."')
    path = posixpath.normpath(value)
    if path == "." or path.startswith("-"):
        wrong('must name a file or folder inside project_dir, and not begin with "-"')
    return path


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        wrong(f"is not a regular expression: {getattr(error, 'msg', error)}")
    return value


def _command_line(value: str) -> str:
    try:
        shlex.split(value)
    except ValueError as error:
        wrong(f"is not a command line: {str(error).lower()}")
    return value


def _local_path(value: Any, info: ValidationInfo) -> Any:
    """Make a local path absolute; relative ones stand beside inventory.yml."""
    if not isinstance(value, str | Path):
        wrong("must be text")
    text = _text(str(value))
    folder: Path = (info.context or {}).get("folder", Path())
    try:
        return (folder.absolute() / Path(text).expanduser()).absolute()
    except RuntimeError:
        wrong("names a user's home (`~`) that is not known here")


Text = Annotated[str, AfterValidator(_text)]
Name = Annotated[
    str, _matches(NAME.pattern, NAME_RULE), WithJsonSchema({"type": "string", "pattern": f"^{NAME.pattern}$"})
]
Address = Annotated[Text, AfterValidator(check_address)]
Port = Annotated[int, Field(ge=1, le=65535)]
User = Annotated[
    Text,
    _matches(r"[A-Za-z0-9_][A-Za-z0-9_.@\\+-]*\$?", 'must be a login name: no white space, not beginning with "-"'),
]
Url = Annotated[Text, AfterValidator(_url)]
BaseUrl = Annotated[Url, AfterValidator(_base_url)]
UrlPath = Annotated[Text, AfterValidator(_url_path)]
FolderOnHost = Annotated[Text, AfterValidator(_folder_on_host)]
InsideProject = Annotated[Text, AfterValidator(_inside_project)]
ProjectName = Annotated[
    Text,
    _matches(
        r"[a-z0-9][a-z0-9_-]*",
        "must be a Compose project name: lower-case letters, digits, dashes, underscores",
    ),
]
ServiceName = Annotated[Text, _matches(r"[A-Za-z0-9_.][A-Za-z0-9._-]*", "must be the name of a Compose service")]
DatabaseName = Annotated[Text, _matches(r"[^-].{0,62}", 'must not begin with "-", at most 63 characters')]
Repository = Annotated[Text, _matches(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+", "must be owner/name")]
VariableName = Annotated[Text, _matches(r"[A-Za-z_][A-Za-z0-9_]*", "must be the name of an environment variable")]
MetricName = Annotated[Text, _matches(r"[A-Za-z_:][A-Za-z0-9_:]*", "must be the name of a metric")]
LogKey = Annotated[Text, _matches(r"[A-Za-z_][A-Za-z0-9_-]*", "must be a key: letters, digits, underscores, dashes")]
Regex = Annotated[Text, AfterValidator(_regex)]
CommandLine = Annotated[Text, AfterValidator(_command_line)]
LocalPath = Annotated[Path, BeforeValidator(_local_path), WithJsonSchema({"type": "string"})]
