"""Runs fab many times, quickly: all is imported once, and every call is a process of its own, forked from that.

Reads a JSON call a line ({"cwd", "words", "env", "out"}), and answers with its exit code. Not imported by anything.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import sys
from pathlib import Path
from typing import Any

import fabric.main
import fabric.runners

import hummii_ops

CHECKOUT = str(Path(__file__).resolve().parents[3])
importlib.import_module("lab.tasks")
importlib.import_module("paramiko")
for module in pkgutil.walk_packages(hummii_ops.__path__, "hummii_ops."):
    if "apprise" not in module.name:  # an extra
        importlib.import_module(module.name)


gc.collect()
gc.freeze()


def child(call: dict[str, Any]) -> None:
    out = os.open(f"{call['out']}.out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    err = os.open(f"{call['out']}.err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for fd, target in ((null, 0), (out, 1), (err, 2)):
        os.dup2(fd, target)
    os.chdir(str(call["cwd"]))
    os.environ.update(call["env"])
    words = [str(word) for word in call["words"]]
    sys.argv = ["fab", f"--search-root={CHECKOUT}", *words]
    fabric.main.program.run()


def main() -> None:
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                child(json.loads(line))
            except SystemExit as left:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(left.code if isinstance(left.code, int) else 0 if left.code is None else 1)
            sys.stdout.flush()
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


main()
