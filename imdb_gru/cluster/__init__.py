"""Own all that runs on a Ray cluster: the only room that imports Ray, and nothing outside imports it but the CLI."""
