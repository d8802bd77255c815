"""What config.check looks at beside the inventory: the user's own wordings, and the folders of status pages."""

from __future__ import annotations

from collections.abc import Iterator

from hummii_ops.inventory import Environment, Inventory, InventoryErrors, Problem
from hummii_ops.inventory.status_pages import StaticPage


def check(inventory: Inventory) -> None:
    """Raises InventoryErrors for every wording that cannot be filled, and every folder that is not there."""
    found = []
    for name, environment in inventory.environments.items():
        if environment.notify is not None and environment.notify.templates is not None:
            from hummii_ops.telling.templates import broken

            folder = environment.notify.templates
            path = f"environments.{name}.notify.templates"
            found += [Problem(file=folder, line=1, column=1, path=path, message=one) for one in broken(folder)]
        found += _pages(name, environment)
    if found:
        raise InventoryErrors(found)


def _pages(name: str, environment: Environment) -> Iterator[Problem]:
    """The folders on this machine; those on hosts are asked for by notify.check."""
    for number, channel in enumerate(environment.notify.channels if environment.notify else ()):
        if isinstance(channel, StaticPage) and not channel.folder.is_dir():
            yield Problem(
                file=channel.folder,
                line=1,
                column=1,
                path=f"environments.{name}.notify.channels.{number}.folder",
                message="the folder of the status page does not exist",
            )
