"""How a release performs, beside how one performed before."""
