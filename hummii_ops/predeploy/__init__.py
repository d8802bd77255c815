"""Before a deploy: gates with verdicts. Each module judges one of them, from what others measured; nothing is run."""
