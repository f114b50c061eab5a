"""Running networks: engines, choice of the fastest one here, export, the networks that ship."""
