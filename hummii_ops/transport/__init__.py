"""Scripts to hosts and their answers back, over SSH, here, or from a fake. Decides nothing."""

from hummii_ops.transport.endpoint import Endpoint, endpoint_of, parse_jump
from hummii_ops.transport.fake import Call, FakeTransport
from hummii_ops.transport.hostkeys import HostKey
from hummii_ops.transport.local import LocalTransport
from hummii_ops.transport.pool import Pool, connect_all
from hummii_ops.transport.protocol import LinkLost, Result, Transport
from hummii_ops.transport.session import SshTransport
from hummii_ops.transport.ssh import connect, scan_host_keys
from hummii_ops.transport.text import printable

__all__ = [
    "Call",
    "Endpoint",
    "FakeTransport",
    "HostKey",
    "LinkLost",
    "LocalTransport",
    "Pool",
    "Result",
    "SshTransport",
    "Transport",
    "connect",
    "connect_all",
    "endpoint_of",
    "parse_jump",
    "printable",
    "scan_host_keys",
]
