"""A file of lines as Spark reads it, but as tolka counts them: lines end at "\\n" alone (Spark by itself
ends them at "\\r", too). Pairs of the byte where a line begins and its text, in order. A partition is
what one worker does at a time, and again if it fails: a megabyte unless spark.tolka.bytes is set."""


def lines(spark, path):
    return spark.sparkContext.newAPIHadoopFile(
        path,
        "org.apache.hadoop.mapreduce.lib.input.TextInputFormat",
        "org.apache.hadoop.io.LongWritable",
        "org.apache.hadoop.io.Text",
        conf={"textinputformat.record.delimiter": "\n",
              "mapreduce.input.fileinputformat.split.maxsize":
              spark.conf.get("spark.tolka.bytes", "1000000")})
