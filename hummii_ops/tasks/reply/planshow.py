"""A plan as people read it, and as commands that a person could type."""

from __future__ import annotations

import shlex

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from hummii_ops.plans.plan import Plan, StackState
from hummii_ops.run.ship import library
from hummii_ops.transport import printable

# Over the lines with `!`: only these should stop somebody. The server's own script says the same.
THINK = "think before you say yes:"


def show(console: Console, plan: Plan, *, who: str, reason: str, dry_run: bool) -> None:
    """Where, from what to what, why; what changes and what does not; what to think about; the steps."""
    title = f"{plan.task} · {plan.environment} · {plan.host}" + (" · DRY RUN, nothing changes" if dry_run else "")
    body = Text()
    body.append(plan.left.label, style=_style(plan.left))
    if plan.swap and plan.left.label == plan.target.label:
        body.append(f" stays, {plan.swap.served.name} goes back")
    elif plan.target.label:
        body.append("  →  ").append(plan.target.label, style=_style(plan.target))
    else:
        body.append(" stays as it is")
    if plan.target.mark == "bad":
        body.append("   marked bad", style="bold red")
    if plan.target.release_id:
        body.append(f"   (restore point {plan.target.release_id})", style="dim")
    body.append(f"\nby {who}: {printable(reason) or 'no reason given'}\nplan {plan.digest[:12]}", style="dim")
    console.print(Panel(body, title=title, title_align="left", expand=False), soft_wrap=False)
    for sentence in plan.changes:
        console.print(f"  {printable(sentence)}", markup=False, soft_wrap=not console.is_terminal)
    if plan.warnings:
        console.print(f"  {THINK}", style="yellow", markup=False)
    for warning in plan.warnings:
        line = Text.assemble(("  ! ", "yellow"), printable(warning))
        console.print(line, soft_wrap=not console.is_terminal)  # a log is not wrapped, a terminal at words
    if dry_run:
        _steps(console, plan)


def _style(state: StackState) -> str:
    """Red for what is marked bad, green for what is marked good; what nobody has judged has no colour."""
    return {"bad": "bold red", "good": "bold green", None: "bold"}[state.mark]


def can_run(console: Console) -> None:
    """The last line of a dry run."""
    console.print("\nthis plan can run; nothing was changed", style="bold green")


def _steps(console: Console, plan: Plan) -> None:
    lists = (("forward", plan.forward), ("back, if a step fails", plan.back), ("if it does not get there", plan.tidy))
    for name, steps in lists:
        if not steps:
            continue
        console.print(f"\n{name}:", style="bold")
        for step in steps:
            console.print(f"  {step.id:<36} {step.effect:<9} {printable(step.title)}", markup=False)
    if plan.checklist:
        console.print("\nchecklist of the procedure:", style="bold")
    for item in plan.checklist:
        done = f"skipped: {item.skipped}" if item.skipped else ", ".join(item.steps)
        done += f": {item.found}" if item.found else ""
        console.print(f"  {item.words:<44} {done}", markup=False)


def as_sh(plan: Plan) -> str:
    """The forward list as a script for a person on the host: the same verbs, one after another.

    It keeps its copies in a folder of its own, takes no lease, and has no way back: it is the last resort.
    """
    verbs = "\n".join(text for name, text in library().items() if name.startswith("verbs/"))
    skip = {"turn", "still-as-planned", "confirmed-outside", "hold-deploys", "mark-left-bad", "remember-left"}
    lines = [
        f"# {plan.task} of {plan.environment} on {plan.host}: {plan.left.label} → {plan.target.label}",
        f"# plan {plan.digest}",
        "set -eu",
        f"home={shlex.quote(plan.project_dir + '/.hummii-ops')}",
        "list=forward",
        'run=$home/by-hand/$(date +%Y%m%dT%H%M%S); mkdir -p "$run/before" "$run/target" "$run/facts" "$run/evidence"',
        verbs,
    ]
    for step in plan.forward:
        if step.id not in skip:
            holds, act = shlex.join(step.holds), shlex.join(step.act)
            lines.append(f"echo {shlex.quote(step.title)}\n{holds} || {{ {act}; {holds}; }}")
    return "\n".join(lines) + "\n"
