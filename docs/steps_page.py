"""The page of the steps and verbs, read out of their code."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

from tables import MADE, table

PACKAGE = Path(__file__).resolve().parents[1] / "hummii_ops"

STEPS_HEAD = """
# Steps

A step says what must hold, and how to make it so. `holds` is asked first: if it is true, the step is skipped. Else
`act` is made, and `holds` must be true after it. Ids live in journals and never change.

Effects: **reads** looks and waits · **prepares** adds something beside what runs · **changes** changes the stack ·
**replaces** replaces data · **records** writes our own notes. Before the first step that changes or replaces, a
failure is a refusal: exit 3, nothing touched.
"""
VERBS_HEAD = """
# Verbs

One small function of POSIX sh each, on the host. What no step names serves the others.

"""


def steps_page() -> str:
    """Every step: id, effect, title, and the verbs that prove it and make it so."""
    text = MADE + STEPS_HEAD
    callers = _callers()
    for path in sorted((PACKAGE / "steps").glob("*.py")):
        rows = list(_steps(path, callers))
        if rows:
            text += f"\n## {path.stem}\n\n{table(('id', 'effect', 'what', 'holds', 'act'), rows)}"
    text += VERBS_HEAD
    return text + table(("verb", "arguments and meaning"), list(_verbs()))


def _steps(path: Path, callers: Mapping[str, list[ast.Call]]) -> Iterator[tuple[str, ...]]:
    for function in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(function, ast.FunctionDef):
            continue
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Step":
                given = {one.arg: one.value for one in call.keywords}
                known = _assigned(function)
                names = [one.arg for one in function.args.args]
                calls = callers.get(f"{path.stem}.{function.name}", []) if "step_id" in names else []
                ids = [word for one in calls for word in spell(one.args[names.index("step_id")])]
                ids = list(dict.fromkeys(ids)) or spell(given["id"])
                effect = ast.unparse(given["effect"]).removeprefix("Effect.").lower()
                titles = " / ".join(spell(given["title"], known))
                if "title" in names and calls:
                    titles = inspect.cleandoc(ast.get_docstring(function) or "").splitlines()[0]
                verbs = [_first_word(given[list_]) for list_ in ("holds", "act")]
                yield (", ".join(f"`{one}`" for one in ids), effect, _escaped(titles), *(f"`{verb}`" for verb in verbs))


def _first_word(value: ast.expr) -> str:
    if isinstance(value, ast.Tuple):
        return spell(value.elts[0])[0]
    raise SystemExit(f"a step's verb must be a tuple: {ast.unparse(value)}")


def _callers() -> dict[str, list[ast.Call]]:
    """The calls of `<module>.<function>(…)` in plans, by that name."""
    found: dict[str, list[ast.Call]] = {}
    for path in sorted((PACKAGE / "plans").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                found.setdefault(ast.unparse(node.func), []).append(node)
    return found


def _assigned(function: ast.FunctionDef) -> dict[str, ast.expr]:
    """What a function's own names stand for."""
    return {
        target.id: node.value
        for node in function.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def spell(node: ast.expr, known: Mapping[str, ast.expr] | None = None) -> list[str]:
    """The texts that an expression can become; what is not known beforehand stands as <name>."""
    known = known or {}
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.IfExp):
        return [*spell(node.body, known), *spell(node.orelse, known)]
    if isinstance(node, ast.JoinedStr):
        parts = [spell(one.value if isinstance(one, ast.FormattedValue) else one, known) for one in node.values]
        return ["".join(words) for words in product(*parts)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("step_id", "_id"):
        return ["-".join(words) for words in product(spell(node.args[0], known), spell(node.args[-1], known))]
    if isinstance(node, ast.Attribute):
        return [f"<{node.attr}>"]
    if isinstance(node, ast.Name):
        return spell(known[node.id], known) if node.id in known else [f"<{node.id}>"]
    return ["…"]


def _verbs() -> Iterator[tuple[str, str]]:
    for path in sorted((PACKAGE / "host" / "verbs").glob("*.sh")):
        for line in path.read_text(encoding="utf-8").splitlines():
            matched = re.match(r"([a-z_]+)\(\) [({]", line)
            if matched and " # " in line:
                yield f"`{matched[1]}`", _escaped(line.rsplit(" # ", 1)[1])


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;")
