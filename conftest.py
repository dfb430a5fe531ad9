"""What must hold before the tests import anything.

The suite starts hundreds of Python processes. Where the environment says that no bytecode is to be
written, each of them would compile all that it imports, which more than doubles its time: here
they share a folder for it instead.
"""

import os
import sys
from pathlib import Path

if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(__file__).parent / ".pytest_cache" / "bytecode")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
