"""A strict local Slack: an in-memory workspace, its Web API, and people who use it."""
