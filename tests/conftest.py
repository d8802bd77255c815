"""For all tiers: a busy machine is not a mistake, so no test of a property fails for how long an example took."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
