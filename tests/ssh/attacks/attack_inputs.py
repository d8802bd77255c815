"""Where a string comes in: flags, the inventory, files of the laptop and files of the host."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from attack_strings import STRINGS
from attacked import COMPOSE, SECRET, Answer, Attacked

Ask = Callable[[Attacked, str], Answer]


def flag(*words: str) -> Ask:
    """The string as the last word's value, as `--to=…`."""
    return lambda attacked, text: attacked.fab(*words[:-1], f"{words[-1]}{text}")


def in_inventory(key: str, before: str = "") -> Ask:
    """The string in a field of the environment, or with `host.` of its host."""

    def ask(attacked: Attacked, text: str) -> Answer:
        field = key.removeprefix("host.")
        value = {field: before + text}
        if key.startswith("host."):
            attacked.inventory(host=value)
        else:
            attacked.inventory(**value)
        return attacked.fab("status")

    return ask


def in_flow(attacked: Attacked, text: str) -> Answer:
    """In every text of a flow."""
    (attacked.laptop / "flows").mkdir(exist_ok=True)
    step = {"name": text, "http": {"path": text, "method": "GET", "headers": {"X": text}}, "expect": {"body": text}}
    flow = json.dumps({"about": text, "vars": {"x": text}, "steps": [step]}, ensure_ascii=False)
    (attacked.laptop / "flows" / "one.yaml").write_text(flow, encoding="utf-8", errors="surrogatepass")
    attacked.inventory(host={"url": "http://127.0.0.1:9"}, flows={"allow": ["*"]})
    return attacked.fab("flows.check")


def in_template(attacked: Attacked, text: str) -> Answer:
    """In a wording of ours."""
    folder = attacked.laptop / "wordings"
    folder.mkdir(exist_ok=True)
    (folder / "planned.team.txt").write_text(f"{text} $reason", encoding="utf-8", errors="surrogatepass")
    channel = {"name": "post", "kind": "webhook", "url": "http://127.0.0.1:9"}
    attacked.inventory(notify={"templates": str(folder), "channels": [channel]})
    return attacked.fab("notify.preview", "--kind=planned")


def as_reason(attacked: Attacked, text: str) -> Answer:
    """As a reason that is kept on the host."""
    return attacked.fab("hold", f"--reason={text}")


RUN = "20260101T000000Z-rollback-cafe"


def in_a_run(attacked: Attacked, text: str) -> Answer:
    """Who, why, what and where of a run, its state, its journal, its plan, its output; brought home and reported."""
    lay(attacked.ours / "runs" / RUN, RUN_FILES, text)
    brought = attacked.fab("evidence", f"--run={RUN}")
    attacked.fab("report", f"--run={RUN}")
    shutil.rmtree(attacked.ours / "runs" / RUN)
    return brought


def in_claims(attacked: Attacked, text: str) -> Answer:
    """In the lease, the hold and a mark, which every task reads."""
    claims = {"lease": ABOUT, "hold": ABOUT, f"marks/{'a' * 16}": f"mark=good\n{ABOUT}"}
    lay(attacked.ours, claims, text)
    answer = attacked.fab("status")
    for name in claims:
        (attacked.ours / name).unlink()
    return answer


def as_names(attacked: Attacked, text: str) -> Answer:
    """As names of a restore point, a dump and a mark."""
    paths = named(attacked, text)
    attacked.inventory(database={"name": "app", "user": "app"})
    answer = attacked.fab("releases")
    for path in paths:
        path.unlink()
    return answer


def all_at_once(attacked: Attacked) -> None:
    """All runs, names and claims there are, and what lists or sums them up."""
    for number, text in enumerate(STRINGS.values()):
        lay(attacked.ours / "runs" / f"20260101T{number:06d}Z-rollback-cafe", RUN_FILES, text)
        named(attacked, text)
    attacked.inventory(database={"name": "app", "user": "app"})
    for words in (["status"], ["backups-db"], ["verify"], ["releases"], ["runs"], ["attach"], ["ready"], ["diagnose"]):
        attacked.fab(*words)
    attacked.fab("undo", "--yes", "--reason=x")


def named(attacked: Attacked, text: str) -> list[Path]:
    """Files of such names on the host, as far as a file can have them."""
    name = text.replace("/", "_").replace("\0", "_").encode(errors="surrogateescape")[:200]
    starts = (f"backups/{COMPOSE}.backup-", "backups/database/backup_", ".hummii-ops/marks/x")
    paths = [Path(os.fsdecode(os.fsencode(attacked.project / start) + name)) for start in starts]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("services: {}\n")
    return paths


def lay(folder: Path, files: dict[str, str], text: str) -> None:
    """Files that a server, or whoever has it, wrote."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.replace("@", text).encode(errors="surrogatepass"))


ABOUT = "run=@\nwho=@\ntask=@\nreason=@\nsince=@\nhosts=@\nfrom=@\nto=@\n"
JOURNAL = """\
{"t":1,"ev":"begin","list":"","step":"","code":null,"log":0}
{"t":2,"ev":"start","list":"forward","step":"@","code":0,"log":0}
{"t":3,"ev":"failed","list":"@","step":"@","code":0,"log":99999}
@
"""
RUN_FILES = {
    "about": ABOUT,
    "state": "@\n",
    "journal.jsonl": JOURNAL,
    "plan.json": '{"schema": "@", "forward": "@"}',
    "output.log": f"@ POSTGRES_PASSWORD={SECRET}\n",
    "evidence/@.log".replace("@", "x"): f"@ POSTGRES_PASSWORD={SECRET}\n",
}
