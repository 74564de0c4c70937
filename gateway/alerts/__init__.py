"""From a flag to the people who are to know of it: by e-mail and webhook, until it is delivered."""
