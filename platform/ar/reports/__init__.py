"""Reports: aging and lists over other slices' tables. Reads only."""
