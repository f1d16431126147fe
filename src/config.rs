//! Configuration: `config.yaml`, environment, and the settings that change while running.
