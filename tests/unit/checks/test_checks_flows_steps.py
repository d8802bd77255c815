"""The kinds of steps, one by one, against a real server: what they send, what they wait for, and when they give up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from shop_server import ShopServer
from test_checks_outside import Answers, Server, drips_its_body, drips_its_head, serve, whole

from hummii_ops.checks.flows.ledger import Ledger
from hummii_ops.checks.flows.models import Flow
from hummii_ops.checks.flows.play import Stage, play

__all__ = ["serve"]
Make = Callable[[str], Flow]
Serve = Callable[[Answers], Server]


def steps(*lines: str) -> str:
    return "steps:\n" + "".join(f"  - name: s{number}\n    {line}\n" for number, line in enumerate(lines))


def test_what_is_sent_is_what_the_file_says(server: ShopServer, stage: Stage, flow: Make) -> None:
    """JSON with its types, a form, a body; headers; secrets and the environment; the run's marker in each."""
    sent = '{n: 1, t: "{{secret.pin}}", r: "{{run_id}}"}'
    lines = (
        f"http: {{method: POST, path: '/api/x?a={{{{env.CITY}}}}', json: {sent}}}\n    expect: {{status: 401}}",
        "http: {method: PUT, path: /api/x, form: {a: 1, b: 'x y'}, headers: {X-One: 1}}\n    expect: {status: 401}",
        "http: {method: PATCH, path: /api/x, body: 'n={{attempt}}'}\n    expect: {status: [401, 402]}\n    repeat: 2",
    )
    played = play(flow(steps(*lines)), stage)
    assert (played.verdict, played.reason) == ("pass", "")
    one, two, three, four = server.shop.asked
    assert one[2] == f'{{"n": 1, "t": "4711-0815", "r": "{played.run_id}"}}'
    assert (two[2], two[1]["x-one"]) == ("a=1&b=x+y", "1")
    assert (three[2], four[2]) == ("n=1", "n=2")
    assert {headers["x-hummii-ops-run"] for _, headers, _ in server.shop.asked} == {played.run_id}


@pytest.mark.parametrize(
    ("expect", "reason"),
    [
        ("{status: 201}", "s0: HTTP 200, not 201"),
        ("{headers: {X-Shop: closed}}", 's0: header X-Shop is "open", not "closed"'),
        ("{json: {version: {matches: '^2'}}}", 's0: version is "1.0", which does not match'),
        ("{json: {version: {present: false}}}", 's0: version is "1.0", wanted present: false'),
        ("{json: {length(version): {more_than: 3}}}", "s0: length(version) is 3, not more than 3"),
        ("{json: {version: {contains: '.', differs: '1.0'}}}", 's0: version is "1.0", and should not be'),
        ("{body_contains: nothing}", "s0: the body does not hold what it should"),
        ("{max_ms: 0.0001}", "s0: took"),
    ],
)
def test_what_is_not_as_expected_is_said_in_a_few_words(stage: Stage, flow: Make, expect: str, reason: str) -> None:
    """The step, what came, and what was wanted."""
    played = play(flow(steps(f"http: {{path: /api/health}}\n    expect: {expect}")), stage)
    assert played.verdict == "fail"
    assert played.reason.startswith(reason)


def test_a_secret_is_masked_also_in_what_the_server_says(server: ShopServer, stage: Stage, flow: Make) -> None:
    """The server repeats it; the reason does not."""
    text = steps(
        'http: {method: POST, path: /api/register, json: {email: "{{secret.pin}}", password: x}}\n'
        "    expect: {status: 201, json: {email: other}}"
    )
    played = play(flow(text), stage)
    assert played.reason == 's0: email is "***", not "other"'


def test_a_live_key_is_never_sent(server: ShopServer, stage: Stage, flow: Make) -> None:
    """Refused before anything goes out, wherever it comes from; a secret that is not there is named."""
    for line in ("body: '{{secret.live}}'", "headers: {A: 'x{{secret.live}}'}"):
        played = play(flow(steps(f"http: {{method: POST, path: /, {line}}}")), stage)
        assert (played.verdict, played.reason) == ("error", "s0: a live payment key: nothing was sent")
    assert server.shop.asked == []
    played = play(flow(steps("http: {path: '/{{env.NOWHERE}}'}")), stage)
    assert (played.verdict, played.reason) == ("error", "s0: env.NOWHERE has no value")


@pytest.mark.parametrize("answers", [drips_its_body, drips_its_head])
def test_the_deadline_of_a_flow_holds_against_a_server_that_drips(
    stage: Stage, flow: Make, serve: Serve, answers: Answers, ledger: Ledger
) -> None:
    """A byte now and then holds nobody: not the steps, and not the clean-up, which has a deadline of its own."""
    text = f"deadline_s: 0.5\nsteps:\n  - name: s0\n    http: {{path: {serve(answers).url}}}\n"
    began = time.monotonic()
    played = play(flow(text), stage)
    assert (played.verdict, played.step) == ("fail", "s0")
    assert time.monotonic() - began < 2


def test_retry_and_wait_until_ask_again(server: ShopServer, stage: Stage, flow: Make) -> None:
    """What mends itself in time passes; what does not says what was wrong at last."""
    mended: Iterator[None] = iter([None, None])
    server.shop.broken = {"health"}
    server.shop.before = lambda _: None if next(mended, 0) is None else server.shop.broken.clear()
    assert play(flow(steps("http: {path: /api/health}\n    retry: 3")), stage).verdict == "pass"
    assert len(server.shop.asked) == 3
    server.shop.broken, mended = {"health"}, iter([None, None])
    waiting = steps("wait_until: {path: /api/health, every_s: 0.05, deadline_s: 0.5}")
    assert play(flow(waiting), stage).verdict == "pass"
    server.shop.broken = {"health"}
    server.shop.before = lambda _: None
    played = play(flow(waiting), stage)
    assert (played.verdict, played.reason) == ("fail", "s0: not within 0.5 s: HTTP 503, not 2xx")


def test_a_redirect_is_followed_only_if_said_and_gives_nothing_away(stage: Stage, flow: Make, serve: Serve) -> None:
    """Another host gets a bare GET: no header of ours, no body; a body that would have to go along stops it."""
    there = serve(lambda _: iter([whole("200 OK", b"{}")]))
    codes = iter(["302 Found", "302 Found", "307 Temporary Redirect"])
    here = serve(lambda _: iter([whole(next(codes), b"", f"Location: {there.url}")]))
    line = f"http: {{method: POST, path: {here.url}, headers: {{Authorization: 'Bearer abcdefgh'}}, body: hush"
    assert play(flow(steps(f"{line}}}")), stage).reason == "s0: HTTP 302, not 2xx"
    assert play(flow(steps(f"{line}, follow: true}}")), stage).verdict == "pass"
    assert "another host" in play(flow(steps(f"{line}, follow: true}}")), stage).reason
    assert len(there.asked) == 1
    assert b"GET " in there.asked[0]
    assert not [word for word in (b"abcdefgh", b"hush", b"x-hummii") if word in there.asked[0].lower()]


def test_a_websocket_sends_and_waits_for_what_matches(stage: Stage, flow: Make) -> None:
    """Noise is passed over; what does not come is said; the password went nowhere."""
    good = (
        "websocket: {connect: {path: /ws}}",
        'websocket: {send: "hi {{run_id}}"}',
        'websocket: {receive: true, match: {echo: "hi {{run_id}}"}}\n    capture: {back: {query: echo}}',
    )
    assert play(flow(steps(*good)), stage).reason == ""
    played = play(flow(steps(*good, "websocket: {receive: true, match: {echo: never}}\n    within_s: 0.3")), stage)
    assert (played.verdict, played.reason) == ("fail", "s3: no message that matches within 0.3 s, 1 others came")
    assert play(flow(steps("websocket: {send: x}")), stage).reason == "s0: this client is not connected"


def test_socketio_refused_and_not_acknowledged(server: ShopServer, stage: Stage, flow: Make) -> None:
    """A server that does not let us in, and an event that nobody acknowledges."""
    refused = play(flow(steps("socketio: {connect: {auth: {token: nobody}}}")), stage)
    assert refused.verdict == "fail"
    assert refused.reason.startswith("s0: not connected")
    server.shop.users["a"] = "b"
    lines = ("socketio: {connect: {auth: {token: token-of-a}}}", "socketio: {emit: other, data: 1}\n    within_s: 0.3")
    assert play(flow(steps(*lines)), stage).reason == "s1: `other` was not acknowledged within 0.3 s"


def test_what_is_made_is_taken_away_last_first(server: ShopServer, stage: Stage, flow: Make) -> None:
    """In reverse order, also when the last step fails."""
    lines = [
        f"http: {{method: POST, path: /api/make/{name}}}\n    expect: {{status: {status}}}\n"
        f"    cleanup: [{{name: take-away, http: {{method: DELETE, path: /api/make/{name}}}, expect: {{status: 401}}}}]"
        for name, status in (("first", 401), ("second", 401), ("third", 200))
    ]
    assert play(flow(steps(*lines)), stage).step == "s2"
    asked = [what for what, _, _ in server.shop.asked if what.startswith("DELETE")]
    assert asked == [f"DELETE /api/make/{name}" for name in ("third", "second", "first")]
