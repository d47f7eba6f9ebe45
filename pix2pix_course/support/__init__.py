"""What has nothing to do with pix2pix: files, the engine, the checks of settings."""
