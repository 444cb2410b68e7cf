"""Training across processes: the Ray Train worker, ZeRO-3, checkpoints that survive any kill."""
