"""What both who makes webhook endpoints and who calls them must know: addresses, secrets, signatures."""
