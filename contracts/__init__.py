"""What services say to one another: JSON shapes that the one who asks and the one who answers both import."""
