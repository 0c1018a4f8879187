"""A strict local stand-in for a Shopify store: Admin GraphQL in, signed webhooks out."""
