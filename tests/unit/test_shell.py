"""The shell that runs on servers stays small, plain and linted."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import hummii_ops

PACKAGE = Path(hummii_ops.__file__).parent
HOST = PACKAGE / "host"
ALL = sorted(PACKAGE.rglob("*.sh"))
READS = PACKAGE / "facts" / "database" / "migrations.sh"
VERB_FILES = sorted((HOST / "verbs").glob("*.sh"))
# A function from its name to its end; a body is `( … )` or `{ … }`, in one line or to a line that holds its end alone.
FUNCTION = re.compile(
    r"^(\w+)\(\) (?:[({] [^\n]*[)}](?: +#[^\n]*)?$|[({](?: +#[^\n]*)?\n.*?^[)}]$)", re.MULTILINE | re.DOTALL
)


def code(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def functions(path: Path) -> dict[str, str]:
    return {found[1]: found[0] for found in FUNCTION.finditer(code(path))}


def uncommented(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def named_by_steps() -> set[str]:
    """Every verb that a step names: the first word of `holds=(…)` and `act=(…)` in steps/, plans/ and run/."""
    names = set()
    for path in [*(PACKAGE / "steps").glob("*.py"), *(PACKAGE / "plans").glob("*.py"), *(PACKAGE / "run").glob("*.py")]:
        for node in ast.walk(ast.parse(code(path))):
            if not (
                isinstance(node, ast.keyword) and node.arg in ("holds", "act") and isinstance(node.value, ast.Tuple)
            ):
                continue
            first = node.value.elts[0]
            assert isinstance(first, ast.Constant), f"{path}:{first.lineno}: a verb is named in words, not made up"
            names.add(str(first.value))
    return names


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_lint(path: Path) -> None:
    """Every script passes shellcheck as POSIX sh; an exception stands beside its reason."""
    if shutil.which("shellcheck") is None:
        pytest.fail("this test needs shellcheck: apt-get install -y shellcheck", pytrace=False)
    found = subprocess.run(
        ["shellcheck", "--shell=sh", str(path)], capture_output=True, text=True, check=False, cwd=PACKAGE.parent
    )
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_syntax(shell: str) -> None:
    """Every script can be read by the shells that a server may have as its sh."""
    for path in ALL:
        subprocess.run([shell, *(["--posix"] if shell == "bash" else []), "-n", str(path)], check=True)


def test_the_runner_is_short() -> None:
    """The runner is one loop that a person can read in one go: at most 120 lines."""
    assert len(code(HOST / "runner.sh").splitlines()) <= 120


def test_verbs_are_few_and_short() -> None:
    """At most 25 lines a verb, and not more verbs than a person can know: the shell must not become the product."""
    verbs = {name: text for path in VERB_FILES for name, text in functions(path).items()}
    long = {name: len(text.splitlines()) for name, text in verbs.items() if len(text.splitlines()) > 25}
    assert not long
    rooms = ("database", "side", "restore", "validate")
    of_database = {name for path in VERB_FILES if path.stem in rooms for name in functions(path)}
    assert 20 <= len(named_by_steps() - of_database) <= 51
    assert len(named_by_steps() & of_database) <= 40
    assert len(verbs) <= 128


def test_every_function_is_seen() -> None:
    """These tests see every function of the verbs: none hides behind another layout."""
    for path in VERB_FILES:
        assert set(functions(path)) == set(re.findall(r"^(\w+)\(\)", code(path), re.MULTILINE)), path.name


def test_no_name_twice() -> None:
    """All verbs are loaded together, so no name means two things."""
    names = [name for path in (*VERB_FILES, HOST / "lease.sh") for name in functions(path)]
    assert sorted(names) == sorted(set(names))


def test_steps_name_verbs_that_exist() -> None:
    """Every verb that a step names is there."""
    known = {name for path in VERB_FILES for name in functions(path)}
    assert named_by_steps()
    assert named_by_steps() <= known


def test_verbs_keep_their_variables() -> None:
    """A verb that sets a variable has a body of its own, `( … )`: sh variables are global."""
    named = named_by_steps()
    for path in VERB_FILES:
        for name, text in functions(path).items():
            assert name not in named or re.match(rf"{name}\(\) \(", text), f"{path.name}: {name}"


def test_one_verb_starts_containers() -> None:
    """`docker compose … up` stands in one verb, and `down` or `rm` nowhere: but for what a read itself has made."""
    up = {
        f"{path.name}:{name}"
        for path in [*HOST.rglob("*.sh")]
        for name, text in functions(path).items()
        if re.search(r"docker compose[^|;&]*\bup\b", uncommented(text).replace("\\\n", " "))
    }
    assert up == {"services.sh:compose_up"}
    for path in ALL:
        text = uncommented(code(path)).replace("\\\n", " ")
        text = text.replace('docker rm -v "$id"', "") if path == READS else text
        assert not re.search(r"docker (compose[^|;&]* )?(down|rm|rmi|kill|prune|system)\b", text), path.name


def test_no_json_is_read_on_the_host() -> None:
    """No script parses JSON or runs an interpreter: what it reads is a line or a word."""
    for path in ALL:
        assert not re.search(r"\b(jq|python3?|perl|node|ruby)\b", uncommented(code(path))), path.name


def test_nothing_is_evaluated() -> None:
    """No text from outside becomes a command: there is no eval, and no shell is given a command line.

    A container's own health check is a command line for the container's own shell: there. And inside of PostgreSQL's
    container, where two of its tools do one thing: a constant text, with words as its arguments. Nowhere else.
    """
    for path in ALL:
        text = uncommented(code(path)).replace('docker exec "$id" /bin/sh -c', "")
        text = re.sub(r"""docker exec -i -e LC_ALL=C "\$4" sh -c '\n[^']*' sh "\$5" "\$sql_words\"""", "", text)
        for name in ("copied_file", "copied_folder", "restored_last"):
            assert len(re.findall(rf"\b{name}=", text)) == len(re.findall(rf"(?m)^{name}='[^']*'$", text)), path.name
            text = text.replace(f'sh -c "${name}" sh ', "")
        assert not re.search(r"(^|[;&|({ ])eval |\b(sh|bash) -\w*c\b", text), path.name
