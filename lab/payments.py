"""The payment service: one container beside the hosts of a lab, in no stack, as a vendor's would be.

It outlives whatever happens to a host. A reset makes it new: no payments, quick.
"""

from __future__ import annotations

from lab import container
from lab.container import inside
from lab.docker import docker, succeeds
from lab.state import Lab

NAME = "payments"
PORT = 8420
ANSWER_LIMIT_S = 30.0
DELAY = "/tmp/delay_s"  # noqa: S108 - in the service's own container


def ensure(lab: Lab, image: str) -> None:
    """Have it run, from this image, on the lab's network; what runs already is left as it is."""
    name = _container(lab)
    if not (container.is_running(name) and docker("inspect", "--format={{.Config.Image}}", name) == image):
        start(lab, image)


def start(lab: Lab, image: str) -> None:
    """Start it anew, with nothing remembered. Raises DockerFailed when it does not answer."""
    remove(lab)
    name = _container(lab)
    docker("run", "--detach", f"--name={name}", f"--network={lab.network}", f"--network-alias={NAME}", image)
    container.until(lambda: _answers(name), limit_s=ANSWER_LIMIT_S, what="the lab's payment service")


def remove(lab: Lab) -> None:
    succeeds("rm", "--force", "--volumes", _container(lab))


def slow(lab: Lab, seconds: float) -> None:
    """From now on it waits that long before each answer; more than the api's 5 s: it does not answer."""
    inside(_container(lab), "sh", "-c", f'echo "$1" > {DELAY}', "sh", str(seconds), user="payments")


def quick(lab: Lab) -> None:
    """It answers at once again."""
    inside(_container(lab), "rm", "-f", DELAY, user="payments")


def charged(lab: Lab) -> int:
    """How many of its last 100 payments it has charged, by its own account."""
    url = f"http://127.0.0.1:{PORT}/v1/charges?limit=100"
    script = (
        f"import json, urllib.request as r; q = r.Request({url!r}, headers={{'Authorization': 'Bearer sk_test_lab'}}); "
        "print(sum(one['status'] == 'succeeded' for one in json.load(r.urlopen(q, timeout=20))['data']))"
    )
    return int(inside(_container(lab), "python3", "-c", script, user="payments"))


def _answers(name: str) -> bool:
    return succeeds("exec", name, "bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{PORT}", limit_s=10)


def _container(lab: Lab) -> str:
    return f"{lab.prefix}-{NAME}"
