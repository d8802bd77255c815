"""What containers and deploys said."""
