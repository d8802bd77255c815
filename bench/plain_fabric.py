"""What a team writes on a quiet afternoon: one Fabric run for each step.

python -m bench.plain_fabric PORT KEY BACKUP
"""

from __future__ import annotations

import sys
import time

from fabric import Connection


def main(port: int, key: str, backup: str) -> None:
    connection = Connection("127.0.0.1", user="deploy", port=port, connect_kwargs={"key_filename": key})
    dir = "/opt/hummii"
    file = f"{dir}/docker-compose.prod.yml"
    compose = f"cd {dir} && docker compose -f {file}"
    connection.run(f"test -f {backup}", hide=True)
    connection.run(f"cd {dir} && docker compose -f {backup} --project-directory {dir} config -q", hide=True)
    connection.run(f"cp {file} {file}.before", hide=True)
    connection.run(f"cp {backup} {file}", hide=True)
    connection.run(f"{compose} up -d", hide=True)
    deadline = time.monotonic() + 120
    while "healthy" not in connection.run(f"{compose} ps api", hide=True).stdout.replace("unhealthy", ""):
        if time.monotonic() > deadline:
            sys.exit(1)
        time.sleep(0.5)
    connection.run(f"{compose} ps", hide=True)
    connection.run("curl -sf http://127.0.0.1/api/health", hide=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
