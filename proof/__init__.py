"""Every promise tried at full size: ./prove.sh runs the parts and writes docs/proof.md."""
