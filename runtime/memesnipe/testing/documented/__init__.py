"""The commands of the documentation, as tests run them: every one is run by somebody, or a table says why not."""
