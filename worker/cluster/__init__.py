"""How the cluster is reached: who we are, whom we trust, and through which proxy."""
