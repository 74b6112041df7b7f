# What the tests of examples/scale share; sourced in the root of the repository, with BUILD and NAME
# set. $work is a folder for a test, $sample what it translates, $wanted the lines that one process
# makes of it, $mortal a tolka that dies halfway through the lines around the 170th.
tolka=$(realpath "$BUILD/tolka")
scale=$PWD/examples/scale
work=$(mktemp -d)
sample=$work/in.txt wanted=$work/wanted.txt

broken() {
    echo "$NAME: $*" >&2
    exit 1
}
need() { # what has to be here, before anything is done
    for program in "$@"; do
        PATH=$PATH:/usr/sbin command -v "$program" > /dev/null ||
            broken "NOT TESTED: $program is not here (sh tools/setup.sh scale)"
    done
}
same() { # what was done, what came, what should have
    cmp "$2" "$3" >&2 || broken "$1: not the lines of a single process"
}

# Lines of all kinds: blank, one that is longer than a block, "\r\n", no end.
make_sample() {
    head -n 200 tests/peers/sentences.en.txt > "$sample"
    printf '\n\n \nThe weather is nice today.\r\nHow are you?\rFine.\n' >> "$sample"
    sed -n 201,300p tests/peers/sentences.en.txt | tr '\n' ' ' >> "$sample"
    echo >> "$sample"
    sed -n 301,380p tests/peers/sentences.en.txt >> "$sample"
    printf 'Good\000 morning.\000\nGood \377 evening.\n\001\n' >> "$sample"
    printf 'Caf\303\251 \360\237\230\200' >> "$sample"
    "$tolka" --to de -q < "$sample" > "$wanted"
}
make_mortal() { # a new one; what dies with it
    mortal=$(mktemp -d "$work/mortal.XXXXXX")
    install -m 755 tests/scale/mortal/tolka "$mortal/tolka"
    sed -n 170p "$sample" > "$mortal/line"
    printf 'KILL="%s"\nREAL="%s"\n' "${1-}" "$tolka" > "$mortal/settings"
}
must_have_died() {
    [ -d "$mortal/died" ] || broken "$1: no worker was killed"
}
# How many lines workers were given, again and again.
lines_given() {
    awk '{n += $1} END {print n}' "$mortal/given"
}
