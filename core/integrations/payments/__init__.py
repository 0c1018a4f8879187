"""Payment gateways: one port, and who speaks it."""
