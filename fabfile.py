"""hummii-ops: bring a Docker Compose production back over SSH, and prove it. See the tasks: fab --list"""

from __future__ import annotations

import gc
import sys

gc.disable()  # while modules load, nothing is thrown away: looking for it costs a tenth of the start
# Invoke forbids it, so that all of ours would be compiled anew at every call; who forbids it themselves is heard.
sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)

from fabric.main import program

from hummii_ops.tasks import menu
from hummii_ops.tasks import program as seam

namespace = menu.collect(sys.argv)
namespace.configure({"tasks": {"auto_dash_names": True}})

seam.install(program)

gc.freeze()  # nor later: neither a look in between nor the end goes through all of it again
gc.enable()
