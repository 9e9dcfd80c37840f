"""Writes the first version of something a person then makes their own."""
