"""The record of a run: one document from its folder on this machine, and what is made of it for people and programs."""
