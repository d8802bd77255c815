"""Makes a channel of its settings: here, and only here, its secrets are fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from hummii_ops.errors import UsageError
from hummii_ops.inventory import Environment, Secret, SecretReference, resolve
from hummii_ops.inventory.channels import AnyChannel, Apprise, Email, Notify, PagerDuty, Slack, SlackWebhook, Webhook
from hummii_ops.inventory.status_pages import GithubIssue, StaticPage, StaticPageOnHost, Statuspage
from hummii_ops.telling.channels.channel import Channel, Never, Words

Fetch = Callable[[str], Secret]
_ByNet: TypeAlias = Slack | SlackWebhook | Email | PagerDuty | Webhook | Apprise | StaticPage | Statuspage | GithubIssue


def open_channel(settings: AnyChannel, notify: Notify, environment: Environment) -> Channel:
    """The channel. Raises Never where a secret cannot be fetched."""
    words = Words(audience=settings.audience, service=notify.service, folder=notify.templates)
    if isinstance(settings, StaticPageOnHost):
        return _on_host(settings, words, environment, notify.attempt_s)
    return _opened(settings, words, _fetcher(environment.secrets), notify.attempt_s)


def _on_host(settings: StaticPageOnHost, words: Words, environment: Environment, limit_s: float) -> Channel:
    from hummii_ops.telling.status_page.on_host import PageOnHost
    from hummii_ops.transport import connect, endpoint_of

    host = next(one for one in environment.hosts if one.name == settings.host)
    endpoint = endpoint_of(environment, host)
    return PageOnHost(settings, words, lambda: connect(endpoint), limit_s=limit_s)


def _fetcher(secrets: Mapping[str, SecretReference]) -> Fetch:
    def fetch(name: str) -> Secret:
        try:
            return resolve(secrets[name])
        except UsageError as error:
            raise Never(error.what) from None

    return fetch


def _opened(settings: _ByNet, words: Words, secret: Fetch, limit_s: float) -> Channel:
    # each is loaded when it is used: nobody waits for the libraries of a channel that he has not
    match settings:
        case Slack():
            from hummii_ops.telling.channels.slack import SlackBot

            return SlackBot(settings, secret(settings.token), words, limit_s=limit_s)
        case SlackWebhook():
            from hummii_ops.telling.channels.slack_webhook import SlackIncoming

            return SlackIncoming(secret(settings.url_secret), words, limit_s=limit_s)
        case Email():
            from hummii_ops.telling.channels.mail import Mail

            password = secret(settings.password) if settings.password else None
            return Mail(settings, password, words, limit_s=limit_s)
        case PagerDuty():
            from hummii_ops.telling.channels.pagerduty import Pager

            return Pager(settings, secret(settings.routing_key), words, limit_s=limit_s)
        case Webhook():
            from hummii_ops.telling.channels.webhook import SignedWebhook

            return SignedWebhook(settings, secret(settings.signing_secret), words, limit_s=limit_s)
        case Apprise():
            from hummii_ops.telling.channels.apprise import AppriseService

            return AppriseService(secret(settings.url_secret), words, limit_s=limit_s)
        case StaticPage():
            from hummii_ops.telling.status_page.static import OwnPage

            return OwnPage(settings, words)
        case Statuspage():
            from hummii_ops.telling.status_page.statuspage import HostedPage

            return HostedPage(settings, secret(settings.token), words, limit_s=limit_s)
        case GithubIssue():
            from hummii_ops.telling.status_page.github_issue import IssuePage

            return IssuePage(settings, secret(settings.token), words, limit_s=limit_s)
