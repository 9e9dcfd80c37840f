"""Alembic's scripts, shipped inside the package so that an installed wheel can migrate its own database."""
