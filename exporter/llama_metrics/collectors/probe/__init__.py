"""A request of one token now and then, to know whether inference works."""
