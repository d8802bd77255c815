"""Two accounts of one group on the host: each can go on with what the other left."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lab_operator import Operator
from lab_production import PROJECT, Production

pytestmark = pytest.mark.lab

ROLLBACK = ("rollback", "--latest", "--yes", "--settle=1", "--reason=turns")


def test_a_second_account_goes_on_where_the_first_left(fresh: Production, laptop: Callable[..., Operator]) -> None:
    """deploy rolls back, deploys again; ops rolls that back, deploy undoes it, ops sees every run; no file is lost to
    one of them."""
    place = f'{{name: lab-1, address: 127.0.0.1, port: {fresh.host.ssh_port}, url: "{fresh.host.url}", user: ops, '
    place += f'identity_file: "{fresh.lab.identity_file}"}}'
    deploy, ops = laptop("deploy"), laptop("ops", f"hosts: [{place}]")
    fresh.sh(f"chmod 640 {PROJECT}/.env")
    fresh.deploy("1.1")
    first = deploy.fab(*ROLLBACK).ended(0).document
    fresh.deploy("1.1")
    images = fresh.images()

    assert ops.fab("attach", f"--run={first['run_id']}").ended(0).document["steps"] == first["steps"]
    second = ops.fab(*ROLLBACK).ended(0).document
    assert fresh.serves("1.0")

    undone = deploy.fab("undo", f"--run={second['run_id']}", "--yes", "--reason=turns").ended(0).document
    assert undone["to"]["version"] == "1.1"
    assert fresh.images() == images
    third = ops.fab(*ROLLBACK).ended(0).document
    assert fresh.serves("1.0")
    assert [one["run_id"] for one in deploy.fab("runs").document["runs"]][:2] == [third["run_id"], undone["run_id"]]
    closed = f"find {PROJECT} ! -path '*/lib/*' -type f ! -name '.env*' ! -perm -g=r"
    assert not fresh.sh(f"{closed} | head")
    assert fresh.sh(f"stat -c '%a %G' {PROJECT}/.env") == "640 deploy"


def test_an_account_that_cannot_write_is_told_the_line_that_mends_it(
    fresh: Production, laptop: Callable[..., Operator]
) -> None:
    """`admin`, of no group: refused (3), with what to do on the host; nothing changes."""
    place = f"{{name: lab-1, address: 127.0.0.1, port: {fresh.host.ssh_port}, user: admin, "
    place += f'identity_file: "{fresh.lab.identity_file}"}}'
    admin = laptop("admin", f"hosts: [{place}]")
    before = fresh.fingerprint()
    document = admin.fab(*ROLLBACK).ended(3).document
    assert document["remedy"]
    assert fresh.fingerprint() == before
