"""The customer conversation, told as sentences."""
