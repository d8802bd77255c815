# shellcheck shell=sh
# Samples a health URL while a run changes the stack. Usage: sh probe.sh RUN_DIR URL RUNNER_PID
# A line a sample, "start_ms end_ms code"; a hanging answer never delays the next sample. Ends with the runner.
set -u
run=$1 url=$2 runner=$3
out=$run/evidence/probe.txt
mkdir -p "$run/evidence"
ask() {
    if command -v curl >/dev/null; then
        curl -s -o /dev/null -m 2 -w '%{http_code}' "$url"
    else
        wget -q -T 2 -t 1 -O /dev/null "$url" && echo 200
    fi
}
one() {
    start=$(date +%s%3N)
    code=$(ask)
    printf '%s %s %s\n' "$start" "$(date +%s%3N)" "${code:-000}" >>"$out"
}
while kill -0 "$runner" 2>/dev/null; do
    one &
    sleep 0.12
done
wait
