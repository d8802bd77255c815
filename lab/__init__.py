"""A production server on any machine with Docker: where every task can be tried, rehearsed and tested.

Each lab host is a container with its own sshd, Docker Engine and Compose. In the machine's own engine the lab
never touches a name that does not begin with `hummii-`.
"""
