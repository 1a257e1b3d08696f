"""Where everything is remembered: engine, tables, migrations."""
