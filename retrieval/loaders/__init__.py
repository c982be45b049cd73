"""Files in, parsed text out: one loader for each format, run in a child process by `reader`."""
