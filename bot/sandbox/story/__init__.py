"""The story of the sandbox: what the product promises, played over HTTP, with evidence."""
