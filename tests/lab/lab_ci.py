"""What the tests of CI jobs share: how the job is known at GitHub, and a deploy.sh that ends as a test says."""

from __future__ import annotations

from lab_production import PROJECT, Production
from stand_in import SHA, TOKEN

# Whether a machine that many share is quick is not what is asked here.
JOB_PATIENT = "    flows: null\n    limits: {response_p95_ms: 60000, request_p95_ms: 60000, errors_percent: 100}\n"
GITHUB = {
    "sha": SHA,
    "token": TOKEN,
    "server_url": "https://github.example",
    "repository": "hummii/shop",
    "run_id": "7",
}
GATES = "    predeploy: {gates: [tests], required: [test]}\n"


def breakable(production: Production) -> None:
    """A deploy.sh that ends as `deploy.fails` says."""
    production.sh(
        f"""
        cd {PROJECT}
        mv deploy.sh team-deploy.sh
        cat > deploy.sh <<'DEPLOY'
#!/bin/sh
set -eu
cd {PROJECT}
case $(cat deploy.fails 2> /dev/null) in
    before) echo 'no such version' >&2; exit 1 ;;
    after) ./team-deploy.sh "$1"; exit 1 ;;
    late) ./team-deploy.sh "$1"; : > deploy.late; sleep 8 ;;
    *) ./team-deploy.sh "$1" ;;
esac
DEPLOY
        chmod 775 deploy.sh; chown deploy:deploy deploy.sh
        """
    )


def fails(production: Production, how: str) -> None:
    production.sh(f'rm -f {PROJECT}/deploy.late; echo "$1" > {PROJECT}/deploy.fails', how)
