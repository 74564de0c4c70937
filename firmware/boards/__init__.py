"""The boards a station runs on; each folder is the package `board` on its board."""
