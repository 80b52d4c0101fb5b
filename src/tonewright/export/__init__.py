"""The formats of other programs: what people's players already open, written and read. See formats.py."""
