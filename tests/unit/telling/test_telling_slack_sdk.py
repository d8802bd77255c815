"""Slack's own client, and what stands in for Slack in our tests: it is a Slack to the one who knows it best."""

from __future__ import annotations

import pytest
from counterparts import counterpart
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from telling_rig import RUN, TOKEN, Make, slack

EVENT = {"event_type": "theirs", "event_payload": {"event_id": "1"}}


def test_the_vendors_client_takes_what_stands_in_for_slack() -> None:
    """It posts, answers in a thread, edits, reads back with metadata, and understands what is refused."""
    with counterpart() as server:
        client = WebClient(token=TOKEN, base_url=f"{server.url}/api/")
        assert client.auth_test()["user"] == "ops"
        root = client.chat_postMessage(channel="C1", text="one", metadata=EVENT)
        client.chat_postMessage(channel="C1", text="two", thread_ts=root["ts"])
        client.chat_update(channel=root["channel"], ts=root["ts"], text="one, edited")
        (shown,) = client.conversations_history(channel="C1", include_all_metadata=True)["messages"]
        assert (shown["text"], shown["metadata"]) == ("one, edited", EVENT)
        thread = client.conversations_replies(channel="C1", ts=root["ts"])["messages"]
        assert [one["text"] for one in thread] == ["one, edited", "two"]
        assert "metadata" not in thread[0]
        for call, error in (
            (lambda: client.chat_update(channel="C1", ts="1.000001", text="x"), "message_not_found"),
            (lambda: client.chat_postMessage(channel="C2", text="x"), "channel_not_found"),
            (WebClient(token="wrong", base_url=f"{server.url}/api/").auth_test, "invalid_auth"),
        ):
            with pytest.raises(SlackApiError) as caught:
                call()
            assert caught.value.response["error"] == error
        server.trouble = "429"
        with pytest.raises(SlackApiError) as limited:
            client.auth_test()
        assert (limited.value.response.status_code, limited.value.response.headers["Retry-After"]) == (429, "3600")


def test_the_vendors_client_reads_what_we_told(make: Make) -> None:
    """One message with our id in its metadata, its newest text, and the thread in its order."""
    with counterpart() as server:
        teller = make(slack(f"{server.url}/api"), attempt_s=10, retry_s=20)
        for kind in ("started", "succeeded"):
            teller.say(kind, **{"from": "1.1", "to": "1.0", "task": "rollback"})
        assert not teller.flush(40)
        client = WebClient(token=TOKEN, base_url=f"{server.url}/api/")
        (root,) = client.conversations_history(channel="C1", include_all_metadata=True)["messages"]
        assert root["metadata"]["event_payload"]["event_id"] == f"{RUN}.1"
        assert "rollback succeeded: 1.0 runs" in root["text"]
        _, last = client.conversations_replies(channel="C1", ts=root["ts"])["messages"]
        assert "rollback succeeded" in last["text"]
