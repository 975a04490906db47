"""One module per experiment: its protocol, its trials and their result rows. Nothing here draws."""
