"""``python -m acd_core.bench``"""

from acd_core.bench import main

raise SystemExit(main())
