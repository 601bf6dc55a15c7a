"""Simulators, the simulated bridge and the conformance suite: public and shipped, for driver authors too."""
