"""`python -m video2mp3`, as the program of this name."""

from .cli import main

if __name__ == "__main__":
    main()
