"""DPO over trees of chains: layout, attention, losses (pure), and the trainer."""
