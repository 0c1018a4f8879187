"""Sales channels: what they say is translated in, what we decided is told back."""
