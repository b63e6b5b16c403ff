"""Reference rates: the product's own and those that a person recorded, with their sources and their age."""
