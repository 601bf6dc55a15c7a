"""The parts of the daemon and their lifetimes: opened, given a new configuration, closed."""
