"""A page on which a person corrects labels in a browser, without a server."""
