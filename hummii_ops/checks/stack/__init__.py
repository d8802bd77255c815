"""Services, images and health, judged from what was read of a host."""
