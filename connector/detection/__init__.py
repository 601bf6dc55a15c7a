"""Join information in an event's texts: pure functions, no I/O, no clock. ``detect.detect`` is the way in."""
