"""Black-box suite of the HTTP contract: it speaks HTTP and imports nothing of agentmonitor."""
