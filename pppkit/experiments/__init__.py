"""The papers' protocols, one sub-package for each paper, and what the papers claim (`claims`)."""
