"""The inventory: which hosts there are, and how the stack on them is to be treated.

Importing it reads nothing and reaches no one. Relative local paths stand beside inventory.yml.
"""

from hummii_ops.inventory.flow_settings import Flows
from hummii_ops.inventory.hosts import Hop, Host
from hummii_ops.inventory.load import Inventory, check, inventory_path, load
from hummii_ops.inventory.models import Environment, InventoryFile
from hummii_ops.inventory.problems import InventoryErrors, Problem
from hummii_ops.inventory.schema import json_schema
from hummii_ops.inventory.secrets import FromCommand, FromEnv, FromFile, Secret, SecretReference, resolve
from hummii_ops.inventory.show import resolved
from hummii_ops.inventory.stack_settings import Database, Health, Logs, Proxy
from hummii_ops.inventory.write import add_environment, write_atomically

__all__ = [
    "Database",
    "Environment",
    "Flows",
    "FromCommand",
    "FromEnv",
    "FromFile",
    "Health",
    "Hop",
    "Host",
    "Inventory",
    "InventoryErrors",
    "InventoryFile",
    "Logs",
    "Problem",
    "Proxy",
    "Secret",
    "SecretReference",
    "add_environment",
    "check",
    "inventory_path",
    "json_schema",
    "load",
    "resolve",
    "resolved",
    "write_atomically",
]
