"""Carriers and tracking services: their webhooks checked and translated, one module per service."""
