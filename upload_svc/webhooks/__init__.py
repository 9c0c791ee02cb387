"""Webhooks: addresses that are told of events of their owner's videos, as the Standard Webhooks specification has it.

Events come out of the outbox (catalogue/outbox.py). What each webhook is told is a row that says when it is sent next.
"""
