"""What a shop lets come back, on which terms, and where returned goods go."""
