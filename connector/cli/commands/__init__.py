"""What people may type: each command's words, options and help, one file a group.

Here stands no work. ``connector COMMAND --help`` reads all of these files, so they import click and nothing large; what
a command does is imported when it is called.
"""
