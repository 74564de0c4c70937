"""Station firmware: the application, the boards it runs on, the virtual station and the flasher."""
