"""What rollouts cost, part by part."""
