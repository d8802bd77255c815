"""What a restricted key may run on a host: the scripts that hummii-ops itself sends, as files that stand there already.

Installed as `restricted/` in the host's library; the gate compares what comes with it, and runs only what is here. So
nothing that is sent is ever run: of a script its hash, of a run verbs and their words (host/restricted/).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from urllib.parse import urlsplit

from hummii_ops.checks.compared import baseline
from hummii_ops.checks.database import database_load
from hummii_ops.checks.requests import access_log
from hummii_ops.errors import Refused, UsageError
from hummii_ops.facts.database import read_backups, read_migrations
from hummii_ops.facts.reading import read
from hummii_ops.inventory import Environment
from hummii_ops.run import entry
from hummii_ops.run.entry import refusal
from hummii_ops.transport import Transport
from hummii_ops.transport.shell import standard_input

VERBS = """
    claim give_back receive start follow begin again answer still_here cancel back collect read_run read_fact discard
    unlock journals write forget note_good
""".split()  # noqa: SIM905 - a list of words reads best as words
_PUBLIC_KEY = re.compile(r"((?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+) ([A-Za-z0-9+/=]{40,2000})(?: .*)?\s*")
_ID, _MOMENT = "[0-9a-f]{64}", "[0-9.]+"
_LESS_SAFE = 81


@dataclass(frozen=True, kw_only=True)
class Known:
    """A script that may be asked for: its first words are `words`, each further one matches `more` (an ERE)."""

    name: str
    text: str
    words: tuple[str, ...] = ()
    more: str = "a^"  # nothing is so


def texts(environment: Environment) -> dict[str, str]:
    """The files of `restricted/`. Raises UsageError for an inventory that it does not work with."""
    if environment.become == "sudo":
        raise UsageError(
            "a restricted key and become: sudo do not go together: the key's own account must be able to do the work",
            remedy="put that account into the group docker, and let it own the project's folder",
        )
    room = files("hummii_ops.host").joinpath("restricted")
    made = {f"restricted/{path.name}": path.read_text(encoding="utf-8") for path in room.iterdir() if path.is_file()}
    lines = []
    for one in known(environment):
        sent = standard_input(one.text)
        lines.append(f"{sha256(sent).hexdigest()} {one.name}\n")
        made[f"restricted/scripts/{one.name}"] = _entry() if one.name == "entry" else sent.decode()
        made[f"restricted/scripts/{one.name}.words"] = "".join(f"{word}\n" for word in one.words)
        made[f"restricted/scripts/{one.name}.more"] = f"{one.more}\n"
    made["restricted/known"] = "".join(lines)
    made["restricted/verbs"] = "".join(f"{verb}\n" for verb in VERBS)
    return made


def known(environment: Environment) -> Iterator[Known]:
    """Everything that status, verify, rollback, undo and what follows a run ask of a host."""
    project = environment.project
    yield Known(
        name="entry",
        text=entry.script(),
        words=(f"{environment.project_dir}/.hummii-ops",),
        more="[A-Za-z0-9_-]{1,100}|(marks|baselines)/[0-9a-f]{1,64}",
    )
    yield Known(name="read", text=read.script("read.sh"), words=read.read_arguments(environment))
    words = (environment.project_dir, project)
    yield Known(name="target", text=read.script("target.sh"), words=words, more=_of_a_release(environment))
    yield Known(name="baseline", text=baseline.NEWEST, words=(words[0] + "/.hummii-ops",), more="-|[0-9a-f]{1,64}")
    for room, name, more in (
        ("logs", "logs", f"[0-9]+|word:.*|{_ID}:{_MOMENT}:({_MOMENT})?"),
        ("logs", "last_words", f"[0-9]+|{_ID}"),
        ("resources", "resources", f"{_literal(project)}|[0-9]+|{_ID}"),
    ):
        yield Known(name=name, text=_check(room, name), more=more)
    head = access_log.head(environment)
    yield Known(
        name="access_log",
        text=_check("requests", "access_log"),
        words=head,
        more=f"ignore:.*|{_ID}:{_MOMENT}:{_MOMENT}",
    )
    urls = [_literal(one.url) for one in environment.dependencies]
    if environment.health.inside:
        url = urlsplit(environment.health.inside)
        urls.append(f"{_literal(f'{url.scheme}://{url.netloc}')}/.*")
    if urls:
        yield Known(name="responses", text=_check("requests", "responses"), more="|".join(("[0-9.]+", *urls)))
    home = f"{environment.project_dir}/.hummii-ops"
    deploy = (home, environment.project_dir, environment.deploy_log or "")
    yield Known(name="deploy_output", text=_check("logs", "deploy_output"), words=deploy, more="[0-9]+")
    if environment.prometheus:
        asked = f"{_literal(environment.prometheus.url)}/api/v1/query(_range)?\\?query=.*"
        yield Known(name="prometheus", text=_check("requests", "prometheus"), more=f"[0-9.]+|{asked}")
    yield from _of_the_database(environment)


def _of_the_database(environment: Environment) -> Iterator[Known]:
    """Its load, its migrations, and the list of its backups; not what is in one, and never an exchange."""
    database = environment.database
    if database is None:
        return
    words = (environment.project, database.service, database.name, database.user)
    load = database_load.words(environment, database)
    yield Known(name="database_load", text=database_load.script(), words=load)
    migrations = (*words, database.migrations_dir)
    yield Known(name="migrations", text=read_migrations.script(), words=migrations, more="sha256:[0-9a-f]{64}")
    listed = ("list", *words, read_backups.folder_of(environment))
    yield Known(name="backups", text=read_backups.script(), words=listed)


def _of_a_release(environment: Environment) -> str:
    """A restore point, its record and the stack's env files: Compose must read nothing that a run brought along."""
    folder = _literal(environment.project_dir)
    backup = f"{folder}/{_literal(environment.backups_dir)}/[^/]+\\.backup-[^/]+"
    names = "|".join(_literal(name) for name in sorted({".env", *environment.env_files}))
    return f"{backup}(\\.release)?|use:({backup}\\.release/files|{folder})/({names})|env:({names})"


def public_key(text: str) -> str:
    """Kind and key of one line of a .pub file, without its comment. Raises UsageError."""
    matched = _PUBLIC_KEY.fullmatch(text)
    if matched is None:
        raise UsageError(
            "that is not one public key of OpenSSH", remedy="ssh-keygen -t ed25519 -f FILE; then --key=FILE.pub"
        )
    return f"{matched[1]} {matched[2]}"


def authorized_line(environment: Environment, key: str) -> str:
    """The line of authorized_keys: nothing but the gate, no forwarding, no terminal."""
    gate = f"{environment.project_dir}/.hummii-ops/lib/current/restricted/gate.sh"
    if not re.fullmatch(r"[A-Za-z0-9_@%+=:,./-]+", gate):
        raise UsageError("a restricted key needs a project_dir of plain letters, digits and . _ - /")
    return f'restrict,command="sh {gate}" {key} hummii-ops-restricted'


def authorize(transport: Transport, line: str) -> None:
    """Put the line into the account's authorized_keys; again, it changes nothing.

    Raises Refused if the key is there with other rights: it would keep them.
    """
    result = transport.call(_AUTHORIZE, line, line.split(" ")[-2], limit_s=20)
    if result.exit_code == _LESS_SAFE:
        raise Refused(
            f"{transport.name}: this key is in authorized_keys already, with more rights than a restricted one",
            remedy="use a key pair of its own for it: ssh-keygen -t ed25519 -f ci_key",
        )
    if result.exit_code != 0:
        raise refusal(result.exit_code, result.stderr.decode(errors="replace"), transport.name, "install-host")


_AUTHORIZE = """
line=$1 key=$2 folder=$HOME/.ssh file=$HOME/.ssh/authorized_keys
umask 077
mkdir -p "$folder" && touch "$file" || exit 78
! grep -Fxq -e "$line" "$file" || exit 0
! grep -Fq -e "$key" "$file" || exit 81
beside=$folder/.authorized_keys.$$
{ cp -p "$file" "$beside" && { [ -z "$(tail -c 1 "$beside")" ] || echo >>"$beside"; } &&
  printf '%s\\n' "$line" >>"$beside" && sync "$beside" && mv -f "$beside" "$file"; } || { rm -f "$beside"; exit 78; }
"""


def _entry() -> str:
    """The entry as the gate runs it: what a run may hold is judged, and what was sent along is read from files."""
    room = files("hummii_ops.host")
    parts = [
        room.joinpath(name).read_text(encoding="utf-8") for name in ("entry.sh", "lease.sh", "restricted/accept.sh")
    ]
    return standard_input("\n".join((*parts, 'main "$@"\n'))).decode()


def _check(room: str, name: str) -> str:
    return files(f"hummii_ops.checks.{room}").joinpath(f"{name}.sh").read_text(encoding="utf-8")


def _literal(text: str) -> str:
    """As an extended regular expression that means these very characters."""
    return re.sub(r"([\\.\[\](){}*+?^$|])", r"\\\1", text)
