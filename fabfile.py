"""hummii-ops: bring a Docker Compose production back over SSH, and prove it. See the tasks: fab --list"""

from __future__ import annotations

import gc
import sys

gc.disable()  # while modules load, nothing is thrown away: looking for it costs a tenth of the start
# Invoke forbids it, so that all of ours would be compiled anew at every call; who forbids it themselves is heard.
sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)

from fabric.main import program
from invoke.collection import Collection

from hummii_ops.tasks import (
    check_backup,
    clean,
    code_pages,
    config,
    database,
    diagnose,
    door,
    flows,
    followups,
    init,
    monitor,
    notes,
    notify,
    postdeploy,
    ready,
    releases,
    reporting,
    rollback,
    rollback_db,
    runs,
    scenarios,
    status,
    takeup,
    undo,
    verify,
    watch,
)
from hummii_ops.tasks import program as seam
from lab.tasks import namespace as lab

namespace = Collection(
    rollback.rollback,
    status.status,
    verify.verify,
    diagnose.diagnose,
    monitor.monitor,
    releases.releases,
    *takeup.ALL,
    undo.undo,
    *runs.ALL,
    *reporting.ALL,
    *followups.ALL,
    *notes.ALL,
    *database.ALL,
    *check_backup.ALL,
    *rollback_db.ALL,
    *code_pages.ALL,
    *scenarios.ALL,
    *clean.ALL,
    *ready.ALL,
    *watch.ALL,
    *postdeploy.ALL,
    *init.ALL,
    *door.ALL,
    *notify.ALL,
)
namespace.add_collection(config.namespace)
namespace.add_collection(flows.namespace)
namespace.add_collection(notify.namespace)
namespace.add_collection(lab)
namespace.configure({"tasks": {"auto_dash_names": True}})

seam.install(program)

gc.freeze()  # nor later: neither a look in between nor the end goes through all of it again
gc.enable()
