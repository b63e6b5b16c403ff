"""The composition root: where the slices become one product.

Lives here: the Flask factory, the worker, the dispatcher, the command line, and what starts and stops them
(`embedded`, `supervisor`, `mailcatcher`). May import everything; nothing may import it.
"""
