"""Outcomes of calls and tasks: reached, promised, disputed, to be tried again; calls that no ladder asked for."""
