"""Who is told about a run, and through what: the channels of an environment.

A secret is never written here: a channel names one of the environment's `secrets`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, Tag, ValidationInfo

from hummii_ops.inventory import fields
from hummii_ops.inventory.fields import Frozen, wrong
from hummii_ops.inventory.status_pages import GithubIssue, StaticPage, StaticPageOnHost, Statuspage

Audience = Literal["team", "stakeholders", "public"]
SECRET_FIELDS = ("token", "password", "routing_key", "signing_secret", "url_secret")


class Channel(Frozen):
    """A way to tell people."""

    name: fields.Name = Field(description="What the channel is called in plans and warnings; unique here.")
    audience: Audience = Field(
        default="team",
        description="For whom the words are: team (everything), stakeholders (no hosts), "
        "public (no hosts, versions, reasons).",
    )


class Slack(Channel):
    """A Slack bot: one message for each run, edited as it proceeds, with a thread."""

    kind: Literal["slack"] = Field(description="slack")
    channel: fields.Text = Field(description="Id of the Slack channel, as C0123456789.")
    token: fields.Text = Field(description="Secret with the bot's token (scopes chat:write, channels:history).")
    url: fields.BaseUrl = Field(default="https://slack.com/api", description="Base of Slack's web API.")


class SlackWebhook(Channel):
    """A Slack incoming webhook: a message of its own for each thing that is told."""

    kind: Literal["slack-webhook"] = Field(description="slack-webhook")
    url_secret: fields.Text = Field(description="Secret with the webhook's whole URL.")


class Email(Channel):
    """E-mail by SMTP; the mails of a run are one thread."""

    kind: Literal["email"] = Field(description="email")
    host: fields.Address = Field(description="SMTP server.")
    port: fields.Port = Field(default=587, description="Its port.")
    tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="starttls, tls from the first byte (465), or none (a relay on this machine)."
    )
    user: fields.Text | None = Field(default=None, description="Login name; null: no login.")
    password: fields.Text | None = Field(default=None, description="Secret with the password.")
    sender: fields.Text = Field(description="Address that it comes from.")
    to: tuple[fields.Text, ...] = Field(min_length=1, description="Addresses that it goes to.")


class PagerDuty(Channel):
    """PagerDuty: a change event for every run; an alert only when a person is needed."""

    kind: Literal["pagerduty"] = Field(description="pagerduty")
    routing_key: fields.Text = Field(description="Secret with the integration's routing key.")
    url: fields.BaseUrl = Field(default="https://events.pagerduty.com", description="Base of its events API.")


class Webhook(Channel):
    """A URL of your own: JSON, signed with HMAC-SHA256."""

    kind: Literal["webhook"] = Field(description="webhook")
    url: fields.Url = Field(description="Where each message is posted to.")
    signing_secret: fields.Text = Field(description="Secret that signs `<timestamp>.<body>`.")


class Apprise(Channel):
    """Any service that Apprise knows; needs the extra `hummii-ops[apprise]`."""

    kind: Literal["apprise"] = Field(description="apprise")
    url_secret: fields.Text = Field(description="Secret with the Apprise URL.")


def _kind(value: Any) -> str | None:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return f"<{kind}>" if kind in _KINDS else None


_KINDS = (
    "slack",
    "slack-webhook",
    "email",
    "pagerduty",
    "webhook",
    "apprise",
    "static-page",
    "static-page-on-host",
    "statuspage",
    "github-issue",
)

AnyChannel: TypeAlias = Annotated[
    Annotated[Slack, Tag("<slack>")]
    | Annotated[SlackWebhook, Tag("<slack-webhook>")]
    | Annotated[Email, Tag("<email>")]
    | Annotated[PagerDuty, Tag("<pagerduty>")]
    | Annotated[Webhook, Tag("<webhook>")]
    | Annotated[Apprise, Tag("<apprise>")]
    | Annotated[StaticPage, Tag("<static-page>")]
    | Annotated[StaticPageOnHost, Tag("<static-page-on-host>")]
    | Annotated[Statuspage, Tag("<statuspage>")]
    | Annotated[GithubIssue, Tag("<github-issue>")],
    Discriminator(
        _kind,
        custom_error_type="inventory",
        custom_error_message="{message}",
        custom_error_context={"message": f"must be a channel with `kind:` one of {', '.join(_KINDS)}"},
    ),
]


def _own_names(channels: tuple[AnyChannel, ...]) -> tuple[AnyChannel, ...]:
    names = [one.name for one in channels]
    if len(names) != len(set(names)):
        wrong("two channels have one name; each needs its own")
    return channels


class Notify(Frozen):
    """Whom a run is told to. Telling can neither stop nor delay a run."""

    channels: Annotated[tuple[AnyChannel, ...], AfterValidator(_own_names)] = Field(
        min_length=1, description="The channels, each with `kind:` and what that kind needs."
    )
    service: fields.Text = Field(default="Hummii", description="What the public calls the product.")
    templates: fields.LocalPath | None = Field(
        default=None, description="Folder with wordings of your own, KIND.AUDIENCE.txt; the rest stays as it is."
    )
    attempt_s: float = Field(default=10, gt=0, le=60, description="Seconds for one attempt, all of it.")
    retry_s: float = Field(
        default=300, ge=0, le=3600, description="Seconds for which a message is tried again before it is left."
    )
    flush_s: float = Field(
        default=5, ge=0, le=60, description="Seconds for which the end of a task waits for what is still on its way."
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the channels."""
        return tuple(one.name for one in self.channels)


def secrets_named(channel: Frozen) -> Iterator[tuple[str, str]]:
    """The secrets that a channel needs: field, name."""
    for field in SECRET_FIELDS:
        name = getattr(channel, field, None)
        if name is not None:
            yield field, name


def _secrets_exist(notify: Notify | None, info: ValidationInfo) -> Notify | None:
    known = info.data.get("secrets", None)
    if known is None or notify is None:  # wrong secrets are told for themselves
        return notify
    hosts = {host.name for host in info.data.get("hosts", ())}
    for channel in notify.channels:
        if isinstance(channel, StaticPageOnHost) and channel.host not in hosts and hosts:
            wrong(f"channel {channel.name}: `host` must be one of this environment's hosts: {', '.join(sorted(hosts))}")
        for field, name in secrets_named(channel):
            if name not in known:  # the name is not quoted: it may be the secret itself
                wrong(f"channel {channel.name}: `{field}` must be the name of one of this environment's `secrets`")
    return notify


# In Environment it stands after `secrets`, whose names it is compared with.
NotifyOrNone = Annotated[Notify | None, AfterValidator(_secrets_exist)]
