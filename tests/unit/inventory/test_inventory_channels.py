"""`notify:` in the inventory: what is wrong with it is told with its place, and never quotes a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from hummii_ops.inventory import InventoryErrors, load

HEAD = """\
environments:
  production:
    hosts: [{name: prod-1, address: server.example.com}]
    secrets: {slack-token: {env: SLACK_TOKEN}}
"""
GOOD = HEAD + "    notify: {channels: [{kind: slack, name: team, channel: C1, token: slack-token}]}\n"


def problems(path: Path, text: str) -> list[str]:
    path.write_text(text)
    with pytest.raises(InventoryErrors) as caught:
        load(path)
    return [str(one) for one in caught.value.problems]


def test_a_channel(tmp_path: Path) -> None:
    """Defaults filled in; its name is what plans show."""
    path = tmp_path / "inventory.yml"
    path.write_text(GOOD)
    environment = load(path).choose("production")
    assert environment.told == ("team",)
    assert environment.notify
    assert environment.notify.channels[0].audience == "team"


def test_a_secret_in_place_of_its_name_is_not_quoted(tmp_path: Path) -> None:
    """Whoever pastes the token itself is told so, and reads it nowhere."""
    (said,) = problems(tmp_path / "inventory.yml", GOOD.replace("token: slack-token", "token: xoxb-very-secret"))
    assert "channel team: `token` must be the name of one of this environment's `secrets`" in said
    assert "xoxb" not in said


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        ("[{kind: slak, name: team}]", "`kind:` one of slack, slack-webhook, email"),
        ("[{kind: slack, name: team, token: slack-token}]", "is missing"),
        ("[{kind: slack, name: team, chanel: C1, token: slack-token}]", 'did you mean "channel"'),
        ("[]", "must not be empty"),
        (
            "[{kind: webhook, name: a, url: 'http://x', signing_secret: slack-token}, "
            "{kind: webhook, name: a, url: 'http://y', signing_secret: slack-token}]",
            "two channels have one name",
        ),
    ],
)
def test_what_is_wrong_with_a_channel(tmp_path: Path, channels: str, said: str) -> None:
    """Line by line, as everywhere in the inventory."""
    found = problems(tmp_path / "inventory.yml", f"{HEAD}    notify: {{channels: {channels}}}\n")
    assert any(said in one and ":5:" in one for one in found), found
