"""How fast and how small the service is on this machine, beside what a bare consumer reaches there."""
