"""What the repository records about versions: tags, claims, labels, yanks, former names."""
