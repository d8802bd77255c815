"""Status pages: channels for the public alone. A secret is never written here, as in the other channels."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hummii_ops.inventory import fields
from hummii_ops.inventory.fields import Frozen


class StaticPage(Frozen):
    """A status page of our own: index.html, feed.xml and status.json in a folder that a web server shows."""

    kind: Literal["static-page"] = Field(description="static-page")
    name: fields.Name = Field(description="What the channel is called in plans and warnings; unique here.")
    audience: Literal["public"] = Field(default="public", description="A status page is for the public.")
    folder: fields.LocalPath = Field(description="Folder on this machine; it must exist.")


class StaticPageOnHost(Frozen):
    """The same page in a folder on a host, where the stack's own web server shows it."""

    kind: Literal["static-page-on-host"] = Field(description="static-page-on-host")
    name: fields.Name = Field(description="What the channel is called in plans and warnings; unique here.")
    audience: Literal["public"] = Field(default="public", description="A status page is for the public.")
    host: fields.Name = Field(description="One of this environment's hosts.")
    folder: fields.FolderOnHost = Field(description="Folder on it, absolute; it must exist.")


class Statuspage(Frozen):
    """A page at Atlassian Statuspage: an incident for a run, and the components that it is about."""

    kind: Literal["statuspage"] = Field(description="statuspage")
    name: fields.Name = Field(description="What the channel is called in plans and warnings; unique here.")
    audience: Literal["public"] = Field(default="public", description="A status page is for the public.")
    page: fields.Name = Field(description="Id of the page.")
    token: fields.Text = Field(description="Secret with the API key.")
    components: tuple[fields.Name, ...] = Field(default=(), description="Ids of the components that are affected.")
    component_status: Literal["under_maintenance", "degraded_performance", "partial_outage", "major_outage"] = Field(
        default="partial_outage",
        description="What they are until it is resolved; then they are what they were before.",
    )
    url: fields.BaseUrl = Field(default="https://api.statuspage.io/v1", description="Base of its API.")


class GithubIssue(Frozen):
    """A status page by GitHub issues, as Upptime shows them: an issue with a label for each incident."""

    kind: Literal["github-issue"] = Field(description="github-issue")
    name: fields.Name = Field(description="What the channel is called in plans and warnings; unique here.")
    audience: Literal["public"] = Field(default="public", description="A status page is for the public.")
    repository: fields.Repository = Field(description="owner/name.")
    token: fields.Text = Field(description="Secret with a token that may write issues.")
    label: fields.Name = Field(default="status", description="Label of the issues.")
    url: fields.BaseUrl = Field(default="https://api.github.com", description="Base of GitHub's API.")
