"""Container images for tests: the project's own by role and stand-ins for others', as archives that an engine or a node imports.

Works where images can be pulled and where they cannot: without a registry the base is made from Debian packages.
"""
