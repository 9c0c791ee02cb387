"""Collections of one's own videos: made, filled, put in order, by the API and on pages."""
