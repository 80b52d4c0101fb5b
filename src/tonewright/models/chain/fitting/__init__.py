"""How the settings of a chain are found: from good places to begin, downhill, and how sure one can be in the end."""
