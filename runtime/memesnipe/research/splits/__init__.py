"""Cutting history into training and test."""
