"""Endpoints from the inventory, jump hosts from text, routes from ssh_config."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hummii_ops.errors import UsageError
from hummii_ops.inventory import Environment, Hop, Host
from hummii_ops.transport import Endpoint, FakeTransport, LinkLost, Pool, Result, endpoint_of, parse_jump
from hummii_ops.transport.conversation import TICK_S
from hummii_ops.transport.protocol import Transport
from hummii_ops.transport.route import config_text, route_of
from hummii_ops.transport.ssh import PING_EVERY_S, SILENCE_S

HERE = Endpoint(name="h", address="h", known_hosts=(Path("/k"),), ssh_config=Path("/c"))


@pytest.mark.parametrize(
    ("text", "hops"),
    [
        ("bastion", [(None, "bastion", 22)]),
        ("deploy@bastion:2222", [("deploy", "bastion", 2222)]),
        ("[::1]:22", [(None, "::1", 22)]),
        ("deploy@[fe80::1%eth0]:2200", [("deploy", "fe80::1%eth0", 2200)]),
        ("::1", [(None, "::1", 22)]),
        ("a@one,two:23", [("a", "one", 22), (None, "two", 23)]),
        ("ssh://a@one:23", [("a", "one", 23)]),
        ("none", []),
        (" None ", []),
        ("", []),
    ],
)
def test_jump_hosts(text: str, hops: list[tuple[str | None, str, int]]) -> None:
    """What ssh takes as ProxyJump, with the keys and the ssh_config of the host."""
    parsed = parse_jump(text, like=HERE)
    assert [(hop.user, hop.address, hop.port) for hop in parsed] == hops
    assert all((hop.known_hosts, hop.ssh_config) == ((Path("/k"),), Path("/c")) for hop in parsed)


@pytest.mark.parametrize(
    "text",
    [
        "-oProxyCommand=id",
        "a@b@c",
        "a@",
        "[::1",
        "h:0",
        "h:65536",
        "h:x",
        "h:",
        "a b",
        "a,,b",
        "h\nx",
        "a@-x",
        "$(id)",
    ],
)
def test_what_is_no_jump_host_is_refused(text: str) -> None:
    """Nothing that ssh or a shell could take for something else."""
    with pytest.raises(UsageError):
        parse_jump(text, like=HERE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "-oProxyCommand=id"},
        {"address": "a b"},
        {"address": "a\nProxyCommand id"},
        {"address": ""},
        {"address": "*"},
        {"user": "-l"},
        {"user": "a b"},
        {"user": "a\nProxyCommand id"},
        {"user": ""},
        {"port": 0},
        {"port": 65536},
    ],
)
def test_an_endpoint_that_could_be_taken_for_something_else_is_refused(wrong: dict[str, object]) -> None:
    """No value can smuggle a line into the ssh_config that we write for it."""
    with pytest.raises(UsageError):
        Endpoint(**{"name": "x", "address": "h", **wrong})  # type: ignore[arg-type]


def test_an_endpoint_is_made_of_the_inventory() -> None:
    """Everything that the inventory says of reaching a host arrives."""
    host = Host(
        name="prod-1",
        address="server",
        port=2222,
        user="deploy",
        identity_file=Path("/id"),
        jump=(Hop(address="bastion", user="jumper"),),
    )
    environment = Environment(name="production", hosts=(host,), known_hosts=(Path("/k"),), ssh_config=Path("/c"))
    hop = Endpoint(name="bastion", address="bastion", user="jumper", known_hosts=(Path("/k"),), ssh_config=Path("/c"))
    assert endpoint_of(environment, host) == Endpoint(
        name="prod-1",
        address="server",
        port=2222,
        user="deploy",
        identity_file=Path("/id"),
        jump=(hop,),
        known_hosts=(Path("/k"),),
        ssh_config=Path("/c"),
    )


def test_what_the_inventory_says_comes_first(tmp_path: Path) -> None:
    """Port and user stand before the operator's file; lines before its first Host still hold for all."""
    config = tmp_path / "config"
    config.write_text("User somebody\n")
    text, _ = config_text(Endpoint(name="x", address="h", port=23, user="me", ssh_config=config))
    assert text.split("\n")[:5] == ["Host h", "  Port 23", "  User me", "Host *", "User somebody"]


def test_routes() -> None:
    """The inventory's jump wins, then ProxyJump, then ProxyCommand; no host is its own jump."""
    hop = Endpoint(name="b", address="b")
    with_jump = Endpoint(name="x", address="h", jump=(hop,))
    straight = Endpoint(name="x", address="h", jump=(Endpoint(name="none", address="none"),))
    config = {"proxyjump": "c", "proxycommand": "nc h 22"}
    assert route_of(with_jump, config).hops == (hop,)
    assert route_of(straight, config).hops == ()
    assert [each.address for each in route_of(HERE, config).hops] == ["c"]
    assert route_of(HERE, {"proxyjump": "none", "proxycommand": "nc h 22"}).command == "nc h 22"
    assert route_of(HERE, {"proxyjump": "h"}).hops == ()
    assert route_of(HERE, {"proxycommand": None}).command is None


def test_silence_is_noticed_within_20_s() -> None:
    """The settings that `connect` uses, with the time that a tick takes and a ping sent in time."""
    assert SILENCE_S + 2 * TICK_S < 20
    assert PING_EVERY_S * 2 < SILENCE_S


def test_importing_the_room_does_not_import_ssh() -> None:
    """`fab --list` must not wait for Paramiko, nor for pydantic on our account."""
    program = "import sys, hummii_ops.transport; print(*{'paramiko', 'fabric', 'pydantic'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_fake_keeps_the_contract() -> None:
    """It answers from its function, keeps what was asked, streams lines, refuses what the others refuse."""
    fake = FakeTransport(
        lambda script, args: Result(exit_code=3, stdout=b"one\ntwo", stderr=b"".join(map(str.encode, args)))
    )
    transport: Transport = fake
    heard: list[str] = []
    assert transport.call("x", "a", "b").stderr == b"ab"
    assert transport.stream("y", on_line=heard.append) == 3
    assert heard == ["one", "two"]
    asked = [(call.script, call.args, call.streamed) for call in fake.calls]
    assert asked == [("x", ("a", "b"), False), ("y", (), True)]
    with pytest.raises(UsageError):
        transport.call("x", "a\0")
    transport.close()
    with pytest.raises(LinkLost):
        transport.call("x")


def test_a_pool_over_fakes() -> None:
    """One connection for each endpoint, an error for each that fails, all closed at the end."""
    made: list[FakeTransport] = []

    def connect(endpoint: Endpoint) -> FakeTransport:
        if endpoint.address == "bad":
            raise UsageError("bad")
        made.append(FakeTransport(lambda s, a: Result(exit_code=0, stdout=b"", stderr=b""), name=endpoint.name))
        return made[-1]

    hosts = [Endpoint(name=name, address=name) for name in ("a", "bad", "b")]
    with Pool(connect=connect) as pool:
        first = pool.connect_all(hosts)
        assert isinstance(first["bad"], UsageError)
        assert pool.transport(hosts[0]) is first["a"]
        assert len(made) == 2
    for fake in made:
        with pytest.raises(LinkLost):
            fake.call("x")


def test_sudo_never_asks_and_quotes_once() -> None:
    """become: sudo runs the same sh as root, without a prompt; the arguments stay single words."""
    from hummii_ops.transport.shell import command_line

    assert command_line(("a b", "$(id)")) == "exec sh -s -- 'a b' '$(id)'"
    assert command_line(("a b",), sudo=True) == "exec sudo -n -- sh -s -- 'a b'"
