"""Every attack string in every input, against a real sshd: 0 executed, 0 leaked, 0 tracebacks.

HUMMII_ATTACKS=write writes docs/attacks.md anew: what each input got.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attack_on_dumps as dumps
import attack_on_github as github
import pytest
from attack_inputs import (
    Ask,
    all_at_once,
    as_names,
    as_reason,
    flag,
    in_a_run,
    in_claims,
    in_flow,
    in_inventory,
    in_template,
)
from attack_strings import STRINGS
from attacked import Attacked
from attacks_page import PAGE, Got, codes, page

LANES = 2  # as many are attacked side by side, each with an sshd and a laptop of its own


@pytest.fixture(scope="module")
def lanes(start_sshd: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Attacked]]:
    """Each string always goes the same lane."""
    made = []
    for number in range(LANES):
        folder = tmp_path_factory.mktemp(f"attacked{number}")
        sshd = start_sshd(f"SetEnv PATH={folder}/bin:/usr/bin:/bin HOME={folder}")
        hosts = sshd.known_hosts(sshd.line("ed25519"))
        made.append(Attacked(folder=folder, port=sshd.port, key=sshd.key, known_hosts=hosts, user=sshd.user))
    yield made
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def got() -> dict[str, list[Got]]:
    """By input: what each string got."""
    return {}


INPUTS: dict[str, Ask] = {
    "version: rollback --to=": flag("rollback", "--dry-run", "--to="),
    "backup: rollback-db --backup=": dumps.as_backup,
    "run: attach --run=": flag("attach", "--run="),
    "run: report --run=": flag("report", "--run="),
    "release: mark --release=": flag("mark", "--good", "--reason=x", "--release="),
    "hosts: status --limit=": flag("status", "--limit="),
    "environment: status --env=": flag("status", "--env="),
    "environment: $HUMMII_ENV": lambda attacked, text: attacked.fab("status", HUMMII_ENV=text.replace("\0", "")),
    "reason: hold --reason=": as_reason,
    "inventory: host.address": in_inventory("host.address"),
    "inventory: host.user": in_inventory("host.user"),
    "inventory: host.jump": in_inventory("host.jump"),
    "inventory: host.identity_file": in_inventory("host.identity_file"),
    "inventory: project_dir": in_inventory("project_dir", "/"),
    "inventory: project": in_inventory("project"),
    "inventory: compose_file": in_inventory("compose_file"),
    "inventory: version_service": in_inventory("version_service"),
    "inventory: ssh_config": in_inventory("ssh_config"),
    "flow file": in_flow,
    "template of a message": in_template,
    "host: a run's files": in_a_run,
    "host: lease, hold, marks": in_claims,
    "host: names of files": as_names,
    "deploy: ci.rollback --version=": github.flag("--version="),
    "deploy: ci.rollback --deploy-run=": github.flag("--deploy-run="),
    "deploy: ci.rollback --release-before=": github.flag("--release-before="),
    "deploy: ci.rollback --sha=": github.flag("--sha="),
    "GitHub: a branch's name": github.as_branch,
    "GitHub: the commit's message, and each text of the event": github.in_event,
    "GitHub: an event of another form": github.instead_of_objects,
    "GitHub: the job's environment": github.in_environment,
    "GitHub: its answers": github.in_answers,
    "dump: the name of its file": dumps.as_name,
    "dump: its header": dumps.in_header,
    "dump: its manifest": dumps.in_manifest,
    "dump: names within it": dumps.within,
}


def asked(attacked: Attacked, name: str, label: str) -> Got:
    """What this string got in this input."""
    attacked.inventory()
    text = STRINGS[label]
    answer = INPUTS[name](attacked, text)
    said = answer.message.replace(text, "…") if len(text) > 2 else answer.message
    of_here = {attacked.folder: "/…", attacked.key: "KEY", f"{attacked.user}@": "USER@", f":{attacked.port}": ":PORT"}
    for here, instead in of_here.items():
        said = said.replace(str(here), instead)
    # a column depends on how long the names of this machine are
    return Got(label=label, code=answer.code, said=re.sub(r"inventory\.yml:\d+:\d+", "inventory.yml", said))


@pytest.mark.parametrize("name", INPUTS)
def test_every_string_in(name: str, lanes: list[Attacked], got: dict[str, list[Got]]) -> None:
    """Whatever it gets: nothing is executed, no secret is shown, no traceback, and the exit code is one of ours."""

    def attack(number: int) -> list[Got]:
        return [asked(lanes[number], name, label) for label in list(STRINGS)[number::LANES]]

    with ThreadPoolExecutor(LANES) as threads:
        found = {one.label: one for rows in threads.map(attack, range(LANES)) for one in rows}
    for one in lanes:
        one.kept_no_secret()
    got[name] = [found[label] for label in STRINGS]


def test_all_of_them_at_once(lanes: list[Attacked]) -> None:
    """A host on which all runs and files are of an attacker: lists, sums and an undo."""
    all_at_once(lanes[0])
    lanes[0].kept_no_secret()


def test_the_table_is_what_they_got(got: dict[str, list[Got]]) -> None:
    """docs/attacks.md has the exit codes that the tests above saw; HUMMII_ATTACKS=write writes it anew.

    The words may be another machine's: who looks up a name there says it in its own.
    """
    assert list(got) == list(INPUTS), "run the whole file"
    text = page(got)
    if os.environ.get("HUMMII_ATTACKS") == "write":
        PAGE.write_text(text, encoding="utf-8")
    assert codes(PAGE.read_text(encoding="utf-8"), list(STRINGS)) == codes(text, list(STRINGS))
