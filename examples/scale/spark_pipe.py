"""A file of lines on a Spark cluster, each partition through the command:

    spark-submit --py-files spark_lines.py --files worker.sh spark_pipe.py in.txt out --to de

The lines of out/part-00000, out/part-00001 and so on are those of in.txt, in order. Every machine
needs tolka: in /usr/local/bin, /usr/bin, or where $TOLKA says here.
"""

import os
import shlex
import sys

from pyspark.sql import SparkSession
from spark_lines import lines

if len(sys.argv) < 3:
    sys.exit("usage: spark_pipe.py IN OUT [options of tolka translate]")
source, target, *options = sys.argv[1:]

spark = SparkSession.builder.appName("tolka").getOrCreate()
# Spark gives the command no environment but this one. Without checkCode, a worker that failed would be
# one that had little to say.
environment = {"TOLKA": os.environ.get("TOLKA", "tolka")}
(lines(spark, source).values()
 .pipe(shlex.join(["sh", "worker.sh", *options]), environment, checkCode=True)
 .saveAsTextFile(target))
spark.stop()
