"""How long tests wait for what has to come: far longer than a loaded machine needs, so only what never comes fails."""

WAIT_S = 120.0
