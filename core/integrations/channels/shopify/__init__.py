"""Shopify: webhooks and pulls in, fulfillments, cancels and stock out."""
