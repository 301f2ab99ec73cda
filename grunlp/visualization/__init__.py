"""HTML pages, SVG diagrams, figures and terminal output; pages are self-contained and load nothing from the network."""
