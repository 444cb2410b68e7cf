"""From messages to token ids: chat templates, functions in prompts, control tokens, chains of a student."""
