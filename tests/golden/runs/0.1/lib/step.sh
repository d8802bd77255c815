# shellcheck shell=sh disable=SC2034  # list is for the verbs
# One verb of one step, in a process of its own. Usage: sh -eu step.sh RUN_DIR STEP_FILE holds|act
# The step file defines two functions, holds and act, each one call of a verb. Nothing else is in it.
run=$1
home=${run%/runs/*}
lib=$run/lib
list=${2%%/*}
export LC_ALL=C
if [ -g "$home" ]; then umask 007; else umask 077; fi

# The run id is the fence: a verb whose run no longer has the lease does nothing.
. "$lib/lease.sh"
lease_is_of "$home" "${run##*/}" || { echo "the lease is held by $(lease_holder "$home"), not by ${run##*/}" >&2; exit 90; }

for verbs in "$lib"/verbs/*.sh; do . "$verbs"; done
. "$run/$2"
"$3"
