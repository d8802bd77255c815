"""What a run that comes with a restricted key may bring, and what it may not."""

# ruff: noqa: E501 - a plan is read as a table

from __future__ import annotations

import io
import tarfile
from base64 import b64decode, encodebytes
from contextlib import closing, nullcontext
from hashlib import sha256
from pathlib import Path

import pytest
from restricted_host import BACKUP, Host, about, plan

from hummii_ops.errors import Refused
from hummii_ops.run import restricted, ship
from hummii_ops.run.entry import Entry
from hummii_ops.transport import LocalTransport


def spoiled(texts: dict[str, str], **changes: str) -> dict[str, str]:
    """The folder with changes, and a manifest that fits."""
    made = {name: text for name, text in (texts | changes).items() if name != "manifest"}
    sums = (f"{sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(made.items()))
    return made | {"manifest": "".join(sums)}


EVIL = "holds() { is_held; }\nact() { cannot x; touch MADE; }\n"

DIGEST = f"api@sha256:{'e' * 64}"

PULLS_TO_LOOK = f"holds() {{ pull_image {DIGEST}; }}\nact() {{ cannot x; }}\n"

PULLS = f"holds() {{ is_held; }}\nact() {{ pull_image {DIGEST}; }}\n"


@pytest.mark.parametrize(
    "changes",
    [
        {"forward/restore-compose.sh": EVIL},
        {"back/return-compose.sh": EVIL},
        {"ready/as-planned.sh": "holds() { touch MADE; }\nact() { cannot x; }\n"},
        {"lib/runner.sh": "touch MADE\n"},
        {"lib/verbs/zzz.sh": "touch MADE\n"},
        {"lib/probe.url": "file:///etc/shadow"},
        {"lib/sql/serves.sql": "DROP TABLE x;\n"},
        {"target/docker-compose.prod.yml": "services: {}\n"},
        {"before/docker-compose.prod.yml": "services: {}\n"},
        {"facts/left": "x\n"},
        {"state": "done\n"},
        {"next": "../../x\n"},
        {"check.sql": "DROP TABLE x;\n"},
        {"forward.list": "../../x 5 reads\n"},
        {"forward.list": "keep-target 5 reads; touch MADE\n"},
        {"forward/x y.sh": EVIL},
        {"back/return-compose.sh": PULLS},
        {"back/return-compose.sh": PULLS.replace("pull_image", "'pull_image'")},
        {"back/return-compose.sh": PULLS_TO_LOOK},
        {
            "forward/restore-compose.sh": "holds() { is_held; }\nact() { cannot x; }",
            "back/return-compose.sh": PULLS_TO_LOOK,
        },
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_run_that_is_more_than_a_plan(host: Host, changes: dict[str, str]) -> None:
    """A script for a step, another library, a file for the stack: not taken, and the lease is not kept for long."""
    asked = about()
    texts = spoiled(dict(ship.folder(plan(host), asked)), **changes)
    with closing(host.link()) as link:
        entry = Entry(transport=link, home=host.home)
        with pytest.raises(Refused, match="restricted: "):
            entry.call("receive", asked.run_id, payload=ship.pack(texts))
    assert not (Path(host.home) / "runs" / asked.run_id).exists()
    assert host.made() == set()


@pytest.mark.parametrize("missing", ["forward.list", "back.list", "tidy.list", "forward/restore-compose.sh"])
def test_a_list_that_names_what_is_elsewhere(host: Host, missing: str) -> None:
    """Without all three lists and a step for each line nothing is taken: a file beside the run is never read as a step."""
    asked = about()
    texts = dict(ship.folder(plan(host), asked))
    del texts[missing]
    if missing.endswith(".list"):
        other = "back.list" if missing == "forward.list" else "forward.list"
        texts[other] = "../../../../deploy 5 changes\n"
    with closing(host.link()) as link, pytest.raises(Refused, match="restricted: a list"):
        Entry(transport=link, home=host.home).call("receive", asked.run_id, payload=ship.pack(spoiled(texts)))
    assert not (Path(host.home) / "runs" / asked.run_id).exists()


def test_a_pull_of_what_a_restore_point_names(host: Host) -> None:
    """The same digest is taken as soon as a restore point of this host has it."""
    record = host.project / "backups" / f"{BACKUP}.release" / "record.json"
    record.parent.mkdir()
    record.write_text(f'{{"digests": {{"api": "{DIGEST}"}}}}\n')
    asked = about()
    texts = spoiled(dict(ship.folder(plan(host), asked)), **{"back/return-compose.sh": PULLS})
    with closing(host.link()) as link:
        Entry(transport=link, home=host.home).call("receive", asked.run_id, payload=ship.pack(texts))
    assert (Path(host.home) / "runs" / asked.run_id / "state").read_text() == "ready\n"
    record.unlink()
    record.parent.rmdir()


def test_an_env_file_as_open_as_today(host: Host) -> None:
    """What others may read today may be put back so; what they may not, not."""
    file = host.project / ".env"
    puts = f"holds() {{ file_as {file} before/.env; }}\nact() {{ put_file before/.env {file} 644; }}\n"
    for mode, taken in ((0o644, True), (0o600, False)):
        file.chmod(mode)
        asked = about()
        texts = spoiled(dict(ship.folder(plan(host), asked)), **{"back/return-compose.sh": puts})
        with closing(host.link()) as link, nullcontext() if taken else pytest.raises(Refused, match="restricted: "):
            Entry(transport=link, home=host.home).call("receive", asked.run_id, payload=ship.pack(texts))
        assert (Path(host.home) / "runs" / asked.run_id).exists() is taken


def test_links_in_what_is_sent(host: Host) -> None:
    """A symbolic link or a hard link in the folder of a run: not taken."""
    asked = about()
    packed = b64decode(ship.pack(ship.folder(plan(host), asked)))
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
        raw = io.BytesIO()
        with tarfile.open(fileobj=io.BytesIO(packed)) as old, tarfile.open(fileobj=raw, mode="w:gz") as new:
            for member in old:
                new.addfile(member, old.extractfile(member))
            link = tarfile.TarInfo("options")
            link.type, link.linkname = kind, "plan.json"
            new.addfile(link)
        with closing(host.link()) as there, pytest.raises(Refused):
            Entry(transport=there, home=host.home).call(
                "receive", asked.run_id, payload=encodebytes(raw.getvalue()).decode()
            )
        assert not (Path(host.home) / "runs" / asked.run_id).exists()


def test_neither_forwarding_nor_a_terminal(host: Host) -> None:
    """`restrict`: no port is forwarded, no terminal is given."""
    line = (host.sshd.folder / "authorized_keys").read_text()
    assert line.startswith("restrict,command=")
    with closing(host.link()) as link:
        assert link.call("id").exit_code == 87


def test_the_line_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: Host) -> None:
    """Put into authorized_keys once, beside what stands there; a key that has more rights there is refused."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir(mode=0o700)
    file = tmp_path / ".ssh" / "authorized_keys"
    file.write_text("ssh-ed25519 AAAAother me")  # no line break at its end
    key = restricted.public_key(host.sshd.key.with_suffix(".pub").read_text())
    line = restricted.authorized_line(host.environment, key)
    for _ in range(2):
        restricted.authorize(LocalTransport(), line)
    assert file.read_text().splitlines() == ["ssh-ed25519 AAAAother me", line]
    file.write_text(f"{key} ci\n")
    with pytest.raises(Refused, match="more rights"):
        restricted.authorize(LocalTransport(), line)
    assert file.read_text() == f"{key} ci\n"
