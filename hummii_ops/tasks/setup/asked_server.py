"""The server that `fab init` is asked to read: the command line, checked before anything is reached."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from hummii_ops.errors import UsageError
from hummii_ops.inventory import Hop, InventoryErrors, add_environment, fields, inventory_path, load
from hummii_ops.inventory.models import KNOWN_HOSTS
from hummii_ops.transport import Endpoint


@dataclass(frozen=True, kw_only=True)
class AskedServer:
    """The command line, checked."""

    hop: Hop
    name: str
    project_dir: str
    identity_file: str | None
    inventory: Path

    @property
    def own_known_hosts(self) -> Path:
        return self.inventory.absolute().parent / "known_hosts"

    @property
    def known_hosts(self) -> tuple[Path, ...]:
        return tuple(self.inventory.absolute().parent / Path(one).expanduser() for one in KNOWN_HOSTS)

    @property
    def ssh_config(self) -> Path | None:
        file = Path.home() / ".ssh" / "config"
        return file if file.is_file() else None

    def endpoint(self, known_hosts: tuple[Path, ...]) -> Endpoint:
        return Endpoint(
            name=self.hop.address,
            address=self.hop.address,
            port=self.hop.port,
            user=self.hop.user,
            identity_file=Path(self.identity_file).expanduser() if self.identity_file else None,
            known_hosts=known_hosts,
            ssh_config=self.ssh_config,
        )


def asked_for(host: str, name: str, project_dir: str, identity_file: str | None) -> AskedServer:
    """Everything that can be wrong before a server is reached. Raises UsageError."""
    if not host:
        raise UsageError("init needs a server", remedy="fab init --host=user@server")
    inventory = inventory_path()
    if inventory.exists():
        _must_be_right(inventory)
    add_environment(inventory, name, {})  # a name that is taken, or is none
    try:
        folder = TypeAdapter(fields.FolderOnHost).validate_python(project_dir)
    except ValidationError as error:
        raise UsageError(f"--project-dir {error.errors()[0]['msg']}", remedy="--project-dir=/opt/hummii") from None
    if identity_file is not None and not Path(identity_file).expanduser().is_file():
        raise UsageError(
            f"there is no identity file {identity_file!r:.200}", remedy="--identity-file=~/.ssh/id_ed25519"
        )
    if identity_file is not None and not identity_file.startswith("~"):
        identity_file = str(Path(identity_file).absolute())
    return AskedServer(
        hop=Hop.parse(host), name=name, project_dir=folder, identity_file=identity_file, inventory=inventory
    )


def _must_be_right(inventory: Path) -> None:
    """What is wrong there already comes first; that it names no environment yet is what we are here for."""
    try:
        load(inventory)
    except InventoryErrors as errors:
        if any("fab init" not in problem.remedy for problem in errors.problems):
            raise
