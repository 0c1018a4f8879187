"""A stand-in for Stripe: payment intents, refunds, idempotency keys and signed webhooks."""
