"""The version of minigen; read by the installer, so this file imports nothing."""

__version__ = "0.2.0"
