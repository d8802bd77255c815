"""The tasks that go through a page of the written procedure."""
