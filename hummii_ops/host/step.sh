# One verb of one step, in a process of its own. Usage: sh -eu step.sh RUN_DIR STEP_FILE holds|act
# The step file defines two functions, holds and act, each one call of a verb. Nothing else is in it.
run=$1
home=${run%/runs/*}
lib=$run/lib
export LC_ALL=C
if [ -g "$home" ]; then umask 007; else umask 077; fi

# The run id is the fence: a verb whose run no longer has the lease does nothing.
holder=
while IFS='=' read -r key value; do [ "$key" != run ] || holder=$value; done <"$home/lease"
[ "$holder" = "${run##*/}" ] || { echo "the lease is held by ${holder:-no one}, not by ${run##*/}" >&2; exit 90; }

for verbs in "$lib"/verbs/*.sh; do . "$verbs"; done
. "$run/$2"
"$3"
