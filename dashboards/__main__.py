"""Rewrites the files of dashboards/grafana."""

from pathlib import Path

from dashboards import health, levels, machine, overview, requests

BOARDS = (overview.BOARD, requests.BOARD, machine.BOARD, health.BOARD, levels.BOARD)
FOLDER = Path(__file__).parent / "grafana"


def files() -> dict[str, str]:
    """The name of each file and what is in it."""
    return {f"{board.uid}.json": board.to_json() for board in BOARDS}


if __name__ == "__main__":
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
