"""The server as a service of the user's own: started at log-in, restarted when it fails."""
