"""One module a revision, oldest first. Expand first; contract a release later, when no old reader is left."""
