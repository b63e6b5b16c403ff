"""What came of calls and tasks: results, promises, next tries; and calls that no ladder asked for."""
