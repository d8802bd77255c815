"""What every call of fab begins and ends with: flags, environment, hosts; its reply as a document or a page."""
