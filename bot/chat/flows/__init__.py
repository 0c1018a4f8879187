"""The journeys of a customer conversation, one module each; `bot.chat.conversation` joins them."""
