"""The fence that an exchange of databases puts up: has a run that was given up left it, and how is it lifted?"""

from __future__ import annotations

import shlex
from contextlib import suppress

from hummii_ops.errors import HummiiError
from hummii_ops.facts.database.read_backups import database_of
from hummii_ops.facts.database.read_database import read_databases
from hummii_ops.inventory import Environment
from hummii_ops.tasks.call.session import Site
from hummii_ops.transport import LinkLost


def left_behind(site: Site) -> str | None:
    """The command that lets clients in again, if the served database lets nobody in; None: it does, or says nothing."""
    if site.environment.database is None:
        return None
    with suppress(HummiiError, LinkLost):
        if read_databases(site.transport, site.environment).live_accepts is False:
            return lifted_by(site.environment)
    return None


def lifted_by(environment: Environment) -> str:
    """For the host. What bears the name is whole at every moment: names are exchanged in one transaction."""
    database = database_of(environment)
    compose = ["docker", "compose", "-p", environment.project, "-f"]
    compose.append(f"{environment.project_dir}/{environment.compose_file}")
    name = database.name.replace('"', '""')
    lift = ["exec", "-T", database.service, "psql", "-U", database.user, "-d", "postgres", "-c"]
    lift.append(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    writers = database.writers or (environment.version_service,)
    return f"{shlex.join([*compose, *lift])} && {shlex.join([*compose, 'start', *writers])}"
