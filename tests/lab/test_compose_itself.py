"""The reads call Compose's plugin without docker, where it is surely the same: nobody may see it."""

from __future__ import annotations

from importlib.resources import files

import pytest
from lab_production import PROJECT, Production

pytestmark = pytest.mark.lab

# Two installations that are not plain: docker is not where packages put it; docker is told of more folders.
ELSEWHERE = "PATH=/tmp/other:$PATH; mkdir -p /tmp/other; ln -sf /usr/bin/docker /tmp/other/docker"
TOLD = "export DOCKER_CONFIG=/tmp/told; mkdir -p /tmp/told; echo '{\"cliPluginsExtraDirs\": []}' >/tmp/told/config.json"
ASK = r"""
PATH=/usr/bin:/bin
{setting}
printf '%s\nresolved "$@"\necho "$?"\n' "$1" >/tmp/ask.sh
shift
strace -f -qq -e trace=execve -o /tmp/ask.trace sh /tmp/ask.sh "$@" </dev/null 2>&1
sed -n 's/.* execve("[^"]*\/\(docker[a-z-]*\)", .* = 0$/\1/p' /tmp/ask.trace | head -n 1
"""


@pytest.mark.parametrize("content", ["services: {api: {image: 'x:${MISSING}'}}", "services: {api: {imagine: x}}"])
def test_compose_says_the_same_whoever_calls_it(fresh: Production, content: str) -> None:
    """Words, warnings and exit code are docker's, also for a project that has the plugin's own name; only a plain
    installation is called without docker."""
    fresh.sh('printf "%s\n" "$1" >/tmp/asked.yml', content, user="deploy")
    text = files("hummii_ops.facts.reading").joinpath("hashes.sh").read_text(encoding="utf-8")

    def said(setting: str) -> tuple[list[str], str]:
        script = ASK.replace("{setting}", setting)
        *words, first = fresh.sh(script, text, "compose", PROJECT, "-f", "/tmp/asked.yml", user="deploy").splitlines()
        return [word for word in words if not word.startswith("time=")], first

    plain = said("")
    assert plain[1] == "docker-compose"
    assert len(plain[0]) > 1
    assert said(ELSEWHERE) == (plain[0], "docker")
    assert said(TOLD) == (plain[0], "docker")
