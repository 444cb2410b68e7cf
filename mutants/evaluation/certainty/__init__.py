"""Statistics: intervals and tests of accuracies and of their differences. Pure."""
