"""Answers as they should be: the seeds that are bent."""

from __future__ import annotations

from hummii_ops.checks.compared import baseline

CONTAINER = {
    "Id": "a" * 64,
    "Name": "/api-1",
    "Image": f"sha256:{'b' * 64}",
    "Ref": "x:1",
    "Created": "2026-01-02T03:04:05.123456789Z",
    "RestartCount": 2,
    "ExitCode": 0,
    "Status": "running",
    "StartedAt": "2026-01-02T03:04:06Z",
    "FinishedAt": "0001-01-01T00:00:00Z",
    "Healthcheck": {"Test": "CMD", "Interval": 2_000_000_000, "Timeout": 0, "StartPeriod": 0, "Retries": 0},
    "Labels": {"service": "api", "project": "hummii", "number": "1", "oneoff": "False", "config_files": "a,b"},
    "Binds": ["/a:/b"],
}

IMAGE = {
    "Id": f"sha256:{'b' * 64}", "RepoTags": ["x:1"], "RepoDigests": [], "Created": "2026-01-02T03:04:05Z", "Size": 5,
}  # fmt: skip

RECORD = {
    "schema": "hummii-ops/release/v1",
    "at": "2026",
    "compose_sha256": "a" * 64,
    "services": {"api": {"ref": "x:1", "image_id": f"sha256:{'b' * 64}", "digest": None, "config_hash": "x"}},
    "files": {".env": "c" * 64},
    "version": "1.1",
}

BASELINE = {
    "schema": baseline.SCHEMA, "identity": "a", "version": "1", "at": "2026-01-01T00:00:00+00:00",
    "responses": {"/": [1.0]}, "requests": [1.0], "counted": 1, "failed": 0, "window_s": 1, "statements": {"q": [1, 2]},
}  # fmt: skip

PROMETHEUS = {"status": "success", "data": {"resultType": "vector", "result": [{"value": [1, "2.5"]}]}}

EVENT = {"t": 1767225600000, "ev": "start", "list": "forward", "step": "put-a", "code": None, "log": 0}

CLAIM = "run=R\nwho=a=b\nsince=1768473000000\nuntil=1768473000000\nhosts=one two\nmark=good\n"

MANIFEST = f"schema=hummii-ops/backup/v1\nsha256={'a' * 64}\nsize=5\nstarted=1768473000000\nrows=3 users\n"

SERVED = "version\x1f150004\0size\x1f12345\0role\x1fapp\0migration\x1fm\x1ft\x1ff\x1fabc\0"

HOST = """box 6.1
1768473000000 +0100
uid=1000(deploy) gid=1000(deploy) groups=1000(deploy),998(docker)
boot=x
first=S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
uptime=12.5
tz=Europe/Berlin
logind=b true
"""

PROCESS = "12 1 0\n4000\ndeploy\n/opt/hummii\nsh\0./deploy.sh\0"
