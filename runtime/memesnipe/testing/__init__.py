"""Test doubles and builders that ship with the product, so that whoever writes a strategy tests it as we do."""
