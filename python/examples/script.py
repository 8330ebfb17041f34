"""Shows tags, invalidation and a stampede, in one process. Run it: ``python examples/script.py [redis://localhost]``"""

from __future__ import annotations

import sys
import threading
import time

import hermes

cache = hermes.Hermes(hermes.backend.inprocess.Backend, ttl=600)
if len(sys.argv) > 1:
    cache.backend = hermes.backend.redis.Backend(cache.mangler, url=sys.argv[1])

PRICES = {"apple": 3, "pear": 4}


@cache(tags=("prices", "price:{fruit}"))
def price(fruit: str) -> int:
    """Takes its time, as a database does."""
    print(f"  computing the price of {fruit}")
    time.sleep(0.1)
    return PRICES[fruit]


def main() -> None:
    cache.clean()

    print("Ten threads ask for one price:")
    threads = [threading.Thread(target=price, args=("apple",)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    print("The price of apples changes:")
    price("pear")
    PRICES["apple"] = 5
    cache.clean(["price:apple"])
    print(f"  apples cost {price('apple')}, pears still {price('pear')}")

    print(f"All in all: {cache.stats()}")


if __name__ == "__main__":
    main()
