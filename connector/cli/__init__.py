"""The command line: ``commands`` declares what may be typed; each file beside it does the work of one group."""
