"""A table of texts on a Spark cluster, translated by the engine inside of Spark's Python workers:

    spark-submit --py-files spark_lines.py,tolka.py spark_pandas.py in.txt out de

Here the table is made of a file of lines; translated() is for any that has a column "text". It adds
"translation" and "problem": why there is none, or what is wrong with it. Every machine needs the
library (make install, or the wheel, which makes tolka.py unnecessary), or its path in
spark.executorEnv.TOLKA_LIBRARY. Rows know their place ("at"), as tables have no order.
"""

import sys

from pyspark.sql import SparkSession
from pyspark.sql.types import StringType, StructField, StructType
from spark_lines import lines


def translated(table, to, model=None):
    def translate(batches):
        import tolka

        with tolka.Model(model) as opened, opened.translator(to, threads=1) as translator:
            for batch in batches:
                results = translator.translate_all(batch["text"].tolist())
                batch["translation"] = ["" if r.error else r.text for r in results]
                batch["problem"] = [str(r.error) if r.error else r.warning for r in results]
                yield batch

    added = [StructField(name, StringType()) for name in ("translation", "problem")]
    return table.mapInPandas(translate, StructType(table.schema.fields + added))


if len(sys.argv) < 4:
    sys.exit("usage: spark_pandas.py IN OUT LANGUAGE [MODEL]")
source, target, *how = sys.argv[1:]

spark = SparkSession.builder.appName("tolka").getOrCreate()
table = spark.createDataFrame(lines(spark, source), "at long, text string")
translated(table, *how).write.parquet(target)
spark.stop()
