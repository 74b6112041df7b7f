"""The ids that tolka makes of each line of a text.

    tokenize_text.py TOLKA MODEL TEXT OUTPUT
"""

import json
import subprocess
import sys

tolka, model, text, output = sys.argv[1:]
command = [tolka, "-m", model, "--to", "de", "--no-split", "--no-guards", "--beam", "1",
           "--max-length", "1", "--json", "--quiet", "-i", text]
lines = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines()
with open(output, "w", encoding="ascii") as file:
    for line in lines:
        file.write(" ".join(map(str, json.loads(line)["source_ids"])) + "\n")
