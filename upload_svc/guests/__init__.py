"""Guests who send: people without an account, whom the owner of a collection has asked for videos by a link."""
