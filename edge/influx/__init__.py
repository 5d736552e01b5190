"""InfluxDB: what leaves for it, how it gets there through any outage, and how it is read back."""
