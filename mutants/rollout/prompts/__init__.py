"""Turns messages into token ids: chat templates, functions in prompts, control tokens, chains of a student."""
