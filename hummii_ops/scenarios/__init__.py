"""The pages of the procedure, as conversations: each looks, decides, starts runs, and looks again.

A page changes nothing by itself: what changes is a run, and the laptop may be lost between two of them.
"""
