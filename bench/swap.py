"""The part `swap`: the database back to a backup, small and large, seen by customers and from inside the database.

Ours, its undo, and a bare `pg_restore -j2` take turns; then hostile clients; at last the same backup in place.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import journal
from bench.call import call
from bench.clients import HOSTILE, Read, at_work, longest_gap, reads, turns
from bench.database import Shop, fab
from bench.jobs import FAB
from bench.poller import Sample, outage, polling, samples
from bench.production import Production
from bench.swap_figures import InPlace, Round, Sized, tables
from lab.docker import Say
from lab.state import Lab

SMALL = bool(os.environ.get("HUMMII_BENCH_SMALL"))
SIZES = [int(one) for one in os.environ.get("HUMMII_BENCH_MIB", "10,50" if SMALL else "10,1024").split(",")]
ROUNDS = int(os.environ.get("HUMMII_BENCH_ROUNDS", "1" if SMALL else "3"))
SWAPS = int(os.environ.get("HUMMII_BENCH_SWAPS", "3" if SMALL else "20"))
WHY = ("--yes", "--reason=bench")
EXCHANGE = "swap-database"
READING, PLANNED = "reading ", "prepare-db"


def swap(lab: Lab, say: Say) -> tuple[Any, str]:
    """Each size after the other; the figures, and their tables."""
    found = []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            production = Production(lab)
            production.reset(say)
            say(f"a database of {size} MiB …")
            shop = Shop.opened(production, Path(folder), size)
            found.append(_measured(shop, hostile=size == SIZES[-1], say=say))
    return [asdict(one) for one in found], tables(found)


def _measured(shop: Shop, *, hostile: bool, say: Say) -> Sized:
    """All of it for one size; hostile clients where they are asked for."""
    with at_work(shop.production, "reader"):
        rounds = []
        for number in range(1, ROUNDS + 1):
            if number > 1:
                fab(shop.folder, "clean", "--older-than=0m", *WHY)
            rounds.append(one := _round(shop))
            said = f"outage {one.outage_s:.2f} s, gap {one.gap_s:.3f} s, work {one.times_bare:.2f} × bare"
            say(f"round {number}: {said}")
        gaps, wrong = _under_attack(shop, say) if hostile else ([], 0)
        began, ended = shop.restored_in_place()
        gap = longest_gap(reads(shop.production), began, ended)
        say(f"in place: {ended - began:.1f} s, gap {gap:.2f} s")
    place = InPlace(wall_s=ended - began, gap_s=gap)
    return Sized(size_mib=shop.size_mib, rounds=rounds, in_place=place, hostile_gaps_s=gaps, hostile_wrong=wrong)


def _round(shop: Shop) -> Round:
    """Rolled back and undone, while a customer looks at her orders and a reader reads; a bare restore on either side.

    Before, on a server at rest, it is faster than after, beside what PostgreSQL does with all that is new.
    """
    seen = shop.folder / "samples"
    bares_s = [_bare(shop, seen)]
    with polling(shop.url, seen, shop.token):
        called = call(
            (FAB, "rollback-db", f"--backup={shop.backup}", *WHY, "--settle=0", "--format=json"),
            shop.folder,
            await_words=(READING, PLANNED),
        )
        time.sleep(0.5)  # the customer's last word
    report = json.loads(called.stdout)
    exchange, prepare = journal.read(report), journal.read(report, report["prepared_by"])
    there = _watched(shop, seen, exchange)
    with polling(shop.url, seen, shop.token):
        undone = fab(shop.folder, "undo", *WHY)
        time.sleep(0.5)
    back = _watched(shop, seen, journal.read(undone))
    steps = journal.spent(prepare)
    bares_s.append(_bare(shop, seen))
    return Round(
        requests=there["requests"],
        failed=there["failed"],
        wrong=there["wrong"] + back["wrong"],
        outage_s=there["outage_s"],
        gap_s=there["gap_s"],
        undo_outage_s=back["outage_s"],
        undo_gap_s=back["gap_s"],
        decode_s=called.shown_s[PLANNED] - called.shown_s[READING],
        steps=steps,
        bares_s=bares_s,
        own_start_s=shop.own_start_s(),
    )


def _bare(shop: Shop, seen: Path) -> float:
    """As ours: beside a customer."""
    with polling(shop.url, seen, shop.token):
        took = shop.bare_restore_s()
    seen.unlink()
    return took


def _watched(shop: Shop, seen: Path, run: Sequence[journal.Line]) -> dict[str, Any]:
    """What a customer and the reader saw of one exchange. `failed`: before it began; nothing may fail until then."""
    asked = samples(seen.read_text(encoding="ascii"))
    seen.unlink()
    offset = time.time() - time.monotonic()
    began = journal.first(run, "", ("begin",))
    before = [one for one in asked if one.at + offset < began]
    there = reads(shop.production)
    return {
        "requests": len(before),
        "failed": sum(not one.good for one in before),
        "wrong": wrong_answers(asked, (shop.now, shop.then)) + wrong_reads(there, asked[0].at + offset),
        "outage_s": outage([one for one in asked if one.at + offset >= began]),
        "gap_s": longest_gap(there, *journal.span(run, EXCHANGE)),
    }


def wrong_answers(asked: Sequence[Sample], right: Sequence[str]) -> int:
    """Good answers that are neither today's nor the backup's, and turns from the one to the other beside the one."""
    answers = [one.answer for one in asked if one.good]
    return sum(one not in right for one in answers) + abs(turns(answers) - 1)


def wrong_reads(seen: Sequence[Read], since: float) -> int:
    """Answers of the one database after the other was served; or none of the other at all."""
    return abs(turns([one.newest for one in seen if one.at >= since]) - 1)


def _under_attack(shop: Shop, say: Say) -> tuple[list[float], int]:
    """The exchange there and back, again and again, while clients hold what they can: gaps, and wrong answers."""
    gaps, wrong = [], 0
    with at_work(shop.production, "hostile", HOSTILE):
        for number in range(1, SWAPS + 1):
            since = time.time()
            run = journal.read(fab(shop.folder, "undo", *WHY))
            time.sleep(0.3)
            seen = reads(shop.production)
            gaps.append(longest_gap(seen, *journal.span(run, EXCHANGE)))
            wrong += wrong_reads(seen, since)
            say(f"exchange {number} under {HOSTILE} hostile clients: gap {gaps[-1] * 1000:.0f} ms")
    return gaps, wrong
