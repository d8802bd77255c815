"""The user's own wordings, looked at by config.check: one that cannot be filled is a mistake of the inventory."""

from __future__ import annotations

from hummii_ops.inventory import Inventory, InventoryErrors, Problem


def check(inventory: Inventory) -> None:
    """Raises InventoryErrors for every wording that cannot be filled."""
    found = []
    for name, environment in inventory.environments.items():
        if environment.notify is not None and environment.notify.templates is not None:
            from hummii_ops.telling.templates import broken

            folder = environment.notify.templates
            path = f"environments.{name}.notify.templates"
            found += [Problem(file=folder, line=1, column=1, path=path, message=one) for one in broken(folder)]
    if found:
        raise InventoryErrors(found)
