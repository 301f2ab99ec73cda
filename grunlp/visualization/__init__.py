"""Pages for people to look at: self-contained HTML, no scripts from outside, no server."""
