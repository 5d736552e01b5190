"""Public recordings scored by their published protocols; the files are named on the command line and are not here."""
