"""Secrets: where they come from (never what they are), and a value that cannot be printed by accident.

A secret's value must never reach a message, a log, a plan, a traceback or a command line.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NoReturn, Self, TypeAlias

from pydantic import Discriminator, Field, GetCoreSchemaHandler, Tag
from pydantic_core import CoreSchema, core_schema

from hummii_ops.errors import UsageError
from hummii_ops.inventory.fields import Frozen, LocalPath, Text, VariableName

MASK = "***"


class Secret(str):
    """A value that shows itself as `***` wherever it is printed, formatted, joined or written as JSON.

    To everything that takes text it *is* the text `***`: that alone makes `json.dumps`, f-strings and loggers
    safe without their help. Only `reveal()` gives the value away.
    """

    __slots__ = ("_value",)
    _value: str

    def __new__(cls, value: str) -> Self:
        secret = super().__new__(cls, MASK)
        object.__setattr__(secret, "_value", value)
        return secret

    def reveal(self) -> str:
        """Return the value itself, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __ne__(self, other: object) -> bool:  # str has one of its own, which would compare the masks
        return not self == other

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Secret does not change")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a Secret is not written to disk")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.is_instance_schema(
            cls, serialization=core_schema.plain_serializer_function_ser_schema(lambda _: MASK)
        )


class FromEnv(Frozen):
    """A secret in an environment variable of the laptop or the CI job."""

    env: VariableName = Field(description="Name of the environment variable that holds the secret.")


class FromFile(Frozen):
    """A secret that is the content of a local file, without its last line break."""

    file: LocalPath = Field(description="File that holds the secret; relative to the folder of inventory.yml.")


class FromCommand(Frozen):
    """A secret that a local command prints, without its last line break."""

    command: tuple[Text, ...] = Field(
        min_length=1, description="Command and its arguments, one list item each; run without a shell."
    )


def _kind(value: Any) -> str | None:
    """Name the branch of the union that a value takes, None when it takes none (a literal, for example)."""
    match value:
        case FromEnv():
            return "<env>"
        case FromFile():
            return "<file>"
        case FromCommand():
            return "<command>"
        case dict() if len(named := {"env", "file", "command"} & value.keys()) == 1:
            return f"<{named.pop()}>"
    return None


SecretReference: TypeAlias = Annotated[
    Annotated[FromEnv, Tag("<env>")] | Annotated[FromFile, Tag("<file>")] | Annotated[FromCommand, Tag("<command>")],
    Discriminator(
        _kind,
        custom_error_type="inventory",
        custom_error_message="{message}",
        custom_error_context={
            "message": "a secret is never written here: name where it is, one of "
            "{env: NAME}, {file: PATH}, {command: [PROGRAM, ARGUMENT]}"
        },
    ),
]


def resolve(
    reference: FromEnv | FromFile | FromCommand,
    *,
    environ: Mapping[str, str] | None = None,
    limit_s: float = 30,
) -> Secret:
    """Fetch a secret. Raises UsageError when there is none, without showing anything that was read."""
    match reference:
        case FromEnv(env=name):
            value = (os.environ if environ is None else environ).get(name, "")
            if not value:
                raise UsageError(f"the environment variable {name} is not set", remedy=f"export {name}, then again")
            return Secret(value)
        case FromFile(file=file):
            return _read_file(file)
        case FromCommand(command=command):
            return _run(command, limit_s=limit_s)


def _read_file(file: Path) -> Secret:
    try:
        value = _without_line_break(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"cannot read the secret in {file}: {why}", remedy=f"look at: ls -l {file}") from None
    if not value:
        raise UsageError(f"the secret in {file} is empty", remedy="write the secret into that file")
    return Secret(value)


def _run(command: tuple[str, ...], *, limit_s: float) -> Secret:
    # Only the program is named: an argument may lead to the secret.
    program, remedy = command[0], "run the command of this secret by hand and see why"
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit_s, check=False)
        value = _without_line_break(done.stdout.decode("utf-8"))
    except subprocess.TimeoutExpired:
        raise UsageError(f"`{program}` gave no secret within {limit_s:g} s", remedy=remedy) from None
    except OSError as error:
        raise UsageError(f"`{program}` cannot be run: {error.strerror}", remedy=remedy) from None
    except UnicodeDecodeError:
        raise UsageError(f"`{program}` printed something that is not UTF-8 text", remedy=remedy) from None
    if done.returncode != 0:
        raise UsageError(f"`{program}` gave no secret: it exited {done.returncode}", remedy=remedy)
    if not value:
        raise UsageError(f"`{program}` printed nothing", remedy=remedy)
    return Secret(value)


def _without_line_break(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
