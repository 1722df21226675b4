"""The console commands, one module each.

A command module offers what `movenet.cli.Command` asks for: `NAME`, `HELP`, `register` and `run`. To add a command,
write its module and name it in `COMMANDS`.
"""

COMMANDS = ("data", "demo", "evaluate", "import_google", "import_backbone", "average", "thin")
