"""The documentation site: pages that are written from the catalogue, the commands and the schemas when the site is built."""
