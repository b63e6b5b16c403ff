"""The composition root: puts the slices together into one product.

Lives here: the Flask factory, the worker, the dispatcher, the command line, and what starts and stops them
(`embedded`, `supervisor`, `mailcatcher`).
"""
