"""Shows a cache in a Flask application whose workers share it on Redis.

Run it: ``pip install flask``, then ``flask --app examples/flask_app.py run``. Without ``CACHE_URL``, such as
``redis://localhost``, each worker has a cache of its own.
"""

from __future__ import annotations

import os

from flask import Flask, jsonify

import hermes

cache = hermes.Hermes(ttl=600)
articles = {1: {"title": "Nothing happened", "views": 0}}


@cache(tags=("articles", "article:{number}"))
def article(number: int) -> dict[str, object]:
    """Stands for a query and the rendering of its result."""
    found = articles[number]
    found["views"] = int(str(found["views"])) + 1
    return dict(found)


def create_app() -> Flask:
    app = Flask(__name__)
    # Where entries are kept is known now: functions were decorated before.
    url = os.environ.get("CACHE_URL")
    if url is None:
        cache.backend = hermes.backend.inprocess.Backend(cache.mangler)
    else:
        cache.backend = hermes.backend.redis.Backend(cache.mangler, url=url)

    @app.get("/articles/<int:number>")
    def show(number: int):  # type: ignore[no-untyped-def]
        return jsonify(article(number))

    @app.put("/articles/<int:number>/<title>")
    def rename(number: int, title: str):  # type: ignore[no-untyped-def]
        articles[number]["title"] = title
        # After the change, and before the answer: whoever asks next sees it.
        cache.clean([f"article:{number}"])
        return jsonify(article(number))

    return app


app = create_app()
