# shellcheck shell=sh
# Samples a health URL while a run changes the stack. Usage: sh probe.sh RUN_DIR URL RUNNER_PID
# A line a sample, "start_ms end_ms code"; a hanging answer never delays the next sample. Ends with the runner.
set -u
run=$1 url=$2 runner=$3
out=$run/evidence/probe.txt
mkdir -p "$run/evidence"
ask() { # past the account's proxy and .curlrc, as every look at the health URL
    if command -v curl >/dev/null; then
        curl -q -gs --noproxy '*' -o /dev/null -m 2 -w '%{http_code}' "$url"
    else
        wget --no-config --no-proxy -q -T 2 -t 1 --max-redirect=0 -O /dev/null "$url" && echo 200
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
