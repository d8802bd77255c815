"""A site and its plan, as the fleet carries them: with the link, and the question that the gate asks outside."""

from __future__ import annotations

from hummii_ops.checks.stack.outside import gate_word, health_url
from hummii_ops.plans.plan import Plan
from hummii_ops.run.fleet import Part
from hummii_ops.tasks.call.session import Site


def part_of(site: Site, plan: Plan) -> Part:
    """A site and its plan as the fleet carries them."""
    url, field = health_url(site.environment, site.host), site.environment.health.version_field
    named = plan.target.label != plan.target.release_id  # a release without a version is labelled by its time
    version = plan.target.label if plan.task in ("rollback", "rollback-db") and named else None
    outside = (lambda: gate_word(url, field=field, version=version)) if url else None
    return Part(environment=site.environment, place=site.place, plan=plan, outside=outside)
