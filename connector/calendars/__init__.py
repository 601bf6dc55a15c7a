"""Calendar sources: base.py is their contract, one module (or family of modules) each, registry.py finds them."""
