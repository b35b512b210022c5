"""What changes files, tags or the verdict on them: bump, check, release and the rest."""
