"""Signalling-only SIP for simulated endpoints, the simulated bridge and the ``sip`` driver."""
