"""How the code is laid out: which way imports point, what may stand where, and that importing does nothing."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hummii_ops.run.ship import render
from hummii_ops.steps import Effect, Step

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "hummii_ops"

# Each room may import itself and what stands to its right.
LINE = ("tasks", "scenarios", "run", "plans", "steps", "facts", "transport", "inventory", "errors", "events")
ROOMS = {room: set(LINE[place:]) for place, room in enumerate(LINE)}
ROOMS["checks"] = {"checks", *LINE[LINE.index("facts") :]}
ROOMS["telling"] = {
    "telling",
    "checks",
    "run",
    "plans",
    "transport",
    "inventory",
    "errors",
    "events",
}  # checks: its HTTP
ROOMS["github"] = {"github", "checks", "transport", "inventory", "errors"}  # checks: its HTTP
ROOMS["ci"] = {"ci", "checks", "facts", "errors"}
ROOMS["predeploy"] = {"predeploy", "github", "checks", "transport", "inventory", "errors"}
ROOMS["tasks"] |= {"checks", "telling", "github", "ci", "predeploy"}
ROOMS["scenarios"] |= {"checks"}
ROOMS["run"] |= {"checks"}
ROOMS["host"] = {"host"}
ROOMS["readiness"] = {"readiness", "checks", *LINE[LINE.index("run") :]}
ROOMS["security"] = {"security", "checks", *LINE[LINE.index("facts") :]}
ROOMS["tasks"] |= {"readiness", "security"}

# Rooms within a room, in the same way; "" is what stands beside them: tasks' menu is above all, checks' verdict and the
# snapshot of facts below.
WITHIN = {
    "tasks": ("", "setup", "deploys", "procedure", "record", "runs", "code", "database", "health", "reply", "call"),
    "checks": (
        *("would_help", "flows", "compared", "stack", "logs", "database", "resources", "requests", "statistics"),
        *("client", ""),
    ),
    "facts": ("new_server", "database", "restore_points", "reading", ""),
}

# A foreign package → the files that may import it.
KEEPERS = {
    "fabric": ("hummii_ops/transport/ssh.py",),
    "paramiko": ("hummii_ops/transport/ssh.py",),
    "invoke": ("hummii_ops/tasks/",),
    "httpx": ("hummii_ops/checks/client/http.py",),
    "jmespath": ("hummii_ops/checks/flows/queries.py",),
    "socketio": ("hummii_ops/checks/flows/sockets.py",),
    "websocket": ("hummii_ops/checks/flows/sockets.py",),
    "apprise": ("hummii_ops/telling/channels/apprise_process.py",),
    "rich": ("hummii_ops/tasks/", "hummii_ops/telling/"),
    "lab": (),
}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
STEP_FILE = re.compile(r"holds\(\) \{ (?P<holds>[a-z_]+( .*)?); \}\nact\(\) \{ (?P<act>[a-z_]+( .*)?); \}\n")


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module that a file imports, also inside functions."""
    return frozenset(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by dots: say the whole name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_imports_point_one_way() -> None:
    """Data goes forward through the rooms and does not come back; only tasks know who is told."""
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sources()
        for module in imports(path)
        if module.startswith("hummii_ops.") and room_of(path) != "__init__"
        if module.split(".")[1] not in ROOMS[room_of(path)]
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", WITHIN)
def test_imports_within_a_room_point_one_way(room: str) -> None:
    """What a page of the procedure does is composed of what the tasks on code and database do; never the reverse."""
    order = WITHIN[room]
    assert {path.parent.name for path in (PACKAGE / room).glob("*/__init__.py")} == set(order) - {""}

    def place(parts: tuple[str, ...]) -> int:
        return order.index(parts[0] if parts and parts[0] in order else "")

    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sorted((PACKAGE / room).rglob("*.py"))
        for module in imports(path)
        if module.startswith(f"hummii_ops.{room}.")
        if place(path.relative_to(PACKAGE / room).parts) > place(tuple(module.split(".")[2:]))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("foreign", sorted(KEEPERS))
def test_a_foreign_package_has_one_place(foreign: str) -> None:
    """What wraps a library can be replaced in one place; no one else leans on its habits."""
    wrong = [
        str(path.relative_to(ROOT))
        for path in sources()
        if any(module.split(".")[0] == foreign for module in imports(path))
        and not str(path.relative_to(ROOT)).startswith(KEEPERS[foreign] or ("-",))
    ]
    assert not wrong, f"{foreign} is imported by {', '.join(wrong)}"


def test_importing_runs_nothing() -> None:
    """Importing any module prints nothing, writes nothing, starts nothing, and speaks to no one."""
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sources()]
    modules = [module.removesuffix(".__init__") for module in modules]
    watch = (
        "import sys, importlib\n"
        "def hook(event, args):\n"
        "    writes = event == 'open' and isinstance(args[1], str) and set(args[1]) & set('wax+')\n"
        "    acts = event in ('socket.connect', 'socket.bind', 'socket.getaddrinfo', 'subprocess.Popen', 'os.system',\n"
        "        'os.exec', 'os.fork', 'os.mkdir', 'os.remove', 'os.rename', 'os.chmod')\n"
        "    if writes or acts:\n"
        "        raise RuntimeError(f'an import did {event} {args!r}')\n"
        "sys.addaudithook(hook)\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
    )
    done = subprocess.run([sys.executable, "-B", "-c", watch, *modules], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_file_is_named_for_what_it_does() -> None:
    """No drawer for whatever has no name yet."""
    names = {part.removesuffix(".py") for path in sources() for part in path.relative_to(PACKAGE).parts}
    assert not names & EMPTY_NAMES


def test_every_module_says_what_it_is_for() -> None:
    """A module begins with its purpose; an empty __init__ needs none."""
    silent = [
        str(path.relative_to(ROOT))
        for path in sources()
        if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent


words = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=40)


@given(words=st.lists(words, max_size=6))
def test_a_step_file_holds_two_calls_and_nothing_else(words: list[str]) -> None:
    """Whatever an argument says, it stays one argument of one verb: nothing is ever pasted into shell text."""
    step = Step(
        id="a-step",
        title="a step",
        effect=Effect.CHANGES,
        limit_s=1,
        holds=("file_is", *words),
        act=("put_file", *words),
    )
    text = render(step)
    found = STEP_FILE.fullmatch(text)
    assert found
    assert shlex.split(found["holds"]) == ["file_is", *words]
    assert shlex.split(found["act"]) == ["put_file", *words]


@pytest.mark.parametrize(
    "word", ["v1; touch /tmp/P", "$(id)", "`id`", "a'b", 'a"b', "-rf", "a\\b", "} ; id", "# no", "é ✓", ""]
)
def test_a_shell_reads_the_words_of_a_step_as_they_are(word: str) -> None:
    """A real sh calls the verb once, with exactly these words."""
    step = Step(id="a-step", title="a", effect=Effect.READS, limit_s=1, holds=("verb", word, "end"), act=("verb",))
    script = f'verb() {{ printf \'%s\\n\' "$#" "$@"; }}\n{render(step)}holds\n'
    done = subprocess.run(["/bin/sh", "-eu", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"2\n{word}\nend\n"


def test_every_verb_of_a_step_is_on_the_host() -> None:
    """A step can name only what the host has a function for."""
    shell = "".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "host" / "verbs").glob("*.sh"))
    there = set(re.findall(r"^([a-z_]+)\(\)", shell, flags=re.MULTILINE))
    named = {
        keyword.value.elts[0].value
        for path in (PACKAGE / "steps").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in ("holds", "act") and isinstance(keyword.value, ast.Tuple)
        if isinstance(keyword.value.elts[0], ast.Constant)
    }
    assert named
    assert named <= there


def tracked() -> list[Path]:
    """What git keeps, or would keep: not what it ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert listed.returncode == 0, listed.stderr
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


# In pieces, so that this file is not its own first finding. Docker Hub's names that stand in images' names are no hosts
# to fetch from.
REGISTRIES = (
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("registry", "npmjs", "org"),
    ("registry", "yarnpkg", "com"),
    ("registry-1", "docker", "io"),
    ("deb", "debian", "org"),
    ("archive", "ubuntu", "com"),
)


def test_no_file_names_a_registry_or_this_checkout() -> None:
    """A clone works against any mirror and in any folder: no registry's host, and no path of the maker's machine."""
    names = [re.escape(".".join(parts)) for parts in REGISTRIES]
    if len(ROOT.parts) > 2 and str(ROOT) != "/opt/hummii":  # /app or the stack's own folder may be meant otherwise
        names.append(re.escape(str(ROOT)) + r"(?![\w-])")
    wrong = re.compile("|".join(names))
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked()
        if (match := wrong.search(path.read_text(encoding="utf-8", errors="replace")))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-audit.txt"])
def test_requirements_are_pinned_by_hash_and_name_no_host(name: str) -> None:
    """What is installed is what was chosen, from whichever index the reader's pip uses."""
    text = (ROOT / name).read_text(encoding="utf-8")
    logical = [line.strip() for line in text.replace("\\\n", " ").splitlines()]
    pinned = [line for line in logical if line and not line.startswith("#")]
    assert pinned
    for line in pinned:
        assert re.match(r"[A-Za-z0-9._\[\]-]+==\S+", line), line
        assert "--hash=sha256:" in line, line
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host", text)


def test_a_lock_file_of_npm_names_no_host() -> None:
    """npm writes where it found each package, unless it is told not to."""
    for path in tracked():
        if path.name == "package-lock.json":
            assert '"resolved"' not in path.read_text(encoding="utf-8"), path
