"""The shell around the pure middle: reads calendars, drives units, keeps time."""
