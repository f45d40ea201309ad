#!/bin/sh
# AgentMonitor's guard: decides about the tool call in its input. $1 says how the answer is written.
# Without a Python, or when anything fails, the call goes on as if there were no guard.
for python in '@PYTHON@' python3; do
  if command -v "$python" >/dev/null 2>&1; then
    "$python" -I -S -c 'import sys
sys.path.insert(0, sys.argv[1])
from standalone.guard import main
main(sys.argv[2])' "${0%/*}" "$1" 2>/dev/null
    exit 0
  fi
done
exit 0
