"""Steps: what must hold, and how to make it so. The modules only return Steps; nothing here touches a host."""

from hummii_ops.steps.step import Effect, Step, step_id

__all__ = ["Effect", "Step", "step_id"]
