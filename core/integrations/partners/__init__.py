"""Partners that work for a shop: what they are asked over HTTPS, and what they answer."""
