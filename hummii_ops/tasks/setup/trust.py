"""The host key of a server that `fab init` meets: shown, compared, and trusted only on somebody's word."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from hummii_ops.errors import Declined, HostKeyError, Unreachable
from hummii_ops.inventory import write_atomically
from hummii_ops.tasks.call.said import say
from hummii_ops.transport.hostkeys import HostKey, Standing, load_known_hosts
from hummii_ops.transport.store import on_record, standing_of, with_keys


def trusted(keys: Sequence[HostKey], files: Sequence[Path], *, host: str, fingerprint: str | None) -> list[HostKey]:
    """The keys to store: none if one is trusted already, the one that --fingerprint names, or all that a person saw.

    Raises HostKeyError for a changed, revoked or other key, and when nobody can be asked; Declined for a no.
    """
    if not keys:
        raise Unreachable(
            f"{host}: the server offers no host key of a kind that is supported", remedy="look at its sshd"
        )
    offered = ", ".join(f"{key.kind} {key.fingerprint}" for key in keys)
    _say(keys, host)
    named = [key for key in keys if key.fingerprint == fingerprint]
    if fingerprint is not None and not named:
        raise HostKeyError(
            f"{host}: the server does not have the key {fingerprint}; it offers: {offered}. Nothing was stored",
            remedy="someone may be in between: ask the server's owner which one is right",
        )
    known = load_known_hosts(files)
    standings = {standing_of(key, known) for key in keys}
    if Standing.REVOKED in standings:
        raise HostKeyError(
            f"{host}: a key that it offers is marked @revoked: {offered}", remedy="do not use this server"
        )
    if Standing.KNOWN in standings:
        say().print("  trusted already", style="green")
        return []
    if Standing.CHANGED in standings:
        kept = on_record(keys[0], known)
        record = ", ".join(f"{key.kind} ({key.where})" for key in kept)
        raise HostKeyError(
            f"{host}: none of its keys is the one on record: {record}; it offers: {offered}. Nothing was stored",
            remedy=f"someone may be in between. Only if the server's owner confirms it, take out {kept[0].where}",
        )
    return named or _asked(keys, host)


def store(path: Path, keys: Sequence[HostKey]) -> None:
    """Write them into the project's known_hosts."""
    if keys:
        write_atomically(path, with_keys(path.read_text(encoding="utf-8") if path.exists() else "", keys))


def _say(keys: Sequence[HostKey], host: str) -> None:
    people = say()
    people.print(f"{host} offers these host keys:", markup=False)
    for key in keys:
        people.print(f"  {key.kind:<20} {key.fingerprint}", markup=False)


def _asked(keys: Sequence[HostKey], host: str) -> list[HostKey]:
    if not sys.stdin.isatty():
        raise HostKeyError(
            f"{host}: its host key is unknown, and there is no terminal to ask on. Nothing was stored",
            remedy="compare with the server's owner, then say which one is right: "
            f"--fingerprint={keys[0].fingerprint}   (on the server: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub)",
        )
    sys.stderr.write("Are these the keys of that server? Compare them with its owner's. Trust them? [y/N] ")
    sys.stderr.flush()
    try:
        reply = input().strip().lower()
    except EOFError:
        reply = ""
    if reply not in ("y", "yes"):
        raise Declined(f"{host}: its key was not trusted; nothing was written")
    return list(keys)
