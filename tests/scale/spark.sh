#!/bin/sh
# The recipes for Spark in examples/scale on a cluster of two executors, one of which is killed
# halfway: sh tests/scale/spark.sh BUILD, in the root of the repository. The first run makes a Python
# environment in build/spark-venv from PyPI.
set -eu
BUILD=${1:-build} NAME=spark
. tests/scale/parts.sh
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}
venv=build/spark-venv
need java "$python"

if ! cmp -s tests/scale/requirements.txt $venv/requirements.txt; then
    echo "spark: making a Python environment in $venv (once; about 900 MB)" >&2
    rm -rf $venv
    mkdir -p build
    "$python" -m venv $venv || broken "NOT TESTED: $python has no venv module (python3-venv)"
    $venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary=pandas,pyarrow \
        -r tests/scale/requirements.txt || broken "NOT TESTED: Spark cannot be installed from PyPI"
    cp tests/scale/requirements.txt $venv
fi

make_sample
lib=$(realpath "$BUILD/libtolka.so")
model=$PWD/models/pretrained/tolka-en-de-fr.gguf
export PYSPARK_PYTHON="$PWD/$venv/bin/python" SPARK_LOCAL_IP=127.0.0.1 SPARK_WORKER_DIR="$work/spark"
submit() { # name of the output, then as for spark-submit
    output=$1
    shift
    "$venv/bin/spark-submit" --master 'local-cluster[2,1,1024]' --conf spark.ui.enabled=false \
        --conf spark.tolka.bytes=2000 "$@" > "$work/log" 2>&1 ||
        broken "$output: $(grep -E 'Error|Exception|Traceback' "$work/log" | head -5)"
    must_have_died "$output"
    grep -q 'Lost executor' "$work/log" || broken "$output: no executor was lost"
}

# ---- the command ----------------------------------------------------------------------------------

make_mortal "nearest java"
TOLKA=$mortal/tolka submit "pipe" --py-files "$scale/spark_lines.py" --files "$scale/worker.sh" \
    "$scale/spark_pipe.py" "$sample" "$work/pipe" --to de
[ -e "$work/pipe/_SUCCESS" ] || broken "pipe: no _SUCCESS"
[ "$(ls "$work/pipe" | grep -c part)" -gt 3 ] || broken "pipe: too few partitions"
cat "$work"/pipe/part-* > "$work/out"
same "pipe" "$work/out" "$wanted"

# ---- the library ----------------------------------------------------------------------------------

make_mortal
submit "pandas" --py-files "$scale/spark_lines.py,tests/scale/mortal_module/tolka.py" \
    --conf spark.executorEnv.TOLKA_LIBRARY="$lib" \
    --conf spark.executorEnv.MORTAL_FOLDER="$mortal" \
    --conf spark.executorEnv.MORTAL_REAL="$PWD/examples/tolka.py" \
    --conf spark.sql.execution.arrow.maxRecordsPerBatch=20 \
    "$scale/spark_pandas.py" "$sample" "$work/pandas" de "$model"
"$venv/bin/python" - "$work/pandas" > "$work/out" <<'END'
import sys
import pandas
table = pandas.read_parquet(sys.argv[1]).sort_values("at")
assert table["at"].is_unique and table.problem.isna().all(), table
sys.stdout.reconfigure(newline="\n", encoding="utf-8")
sys.stdout.writelines(text.replace("\n", " ") + "\n" for text in table.translation)
END
same "pandas" "$work/out" "$wanted"
echo "spark: every line once, in order"
