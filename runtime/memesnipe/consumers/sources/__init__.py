"""One module for each way to learn of the world; all of them speak `consumers.api.Source`."""
