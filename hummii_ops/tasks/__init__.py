"""The fab layer: one module for each group of tasks. The fabfile only collects them."""
