"""Pure: what a room's unit should show and dial, and what to do about the difference. Time is an argument."""
