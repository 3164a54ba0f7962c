"""The asyncio shell round the distributor: it gives the sans-IO core its time, its timer and its listeners."""
