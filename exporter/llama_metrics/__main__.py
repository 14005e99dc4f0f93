"""`python -m llama_metrics`."""

from llama_metrics.cli import main

raise SystemExit(main())
