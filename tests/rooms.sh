#!/bin/sh
# The rules of the house: who may ask whom, and where things are found. Run in the root of the
# repository after a build: sh tests/rooms.sh [BUILD]. Prints what breaks a rule, and fails.
set -eu
build=${1:-build}

# A folder needs itself and those before it, never one behind it.
folders="engine/kernels engine tokenizer text text/formats models/checkpoint models models/convert tools"
# Commands know the engine by its public header, and checkpoints by what the conversion offers.
tools_may="engine/tolka.h models/checkpoint/names.h models/convert tools"

# Where the names of a file are declared that has no header of its own name: it may define nothing
# but what stands there.
declared="
    engine            engine/tolka.h                  public calls: the one header of such a file
    tokenizer         engine/tolka.h                  the same
    text              engine/tolka.h                  the same
    text/formats      engine/tolka.h                  the same
    engine/kernels    engine/kernels/levels.h         a table each, for kernels.c alone
    models/checkpoint models/checkpoint/containers.h  a reader each, for containers.c alone
    models            models/families.h               a table each, for families.c alone
    tools             tools/commands.h                a function each, for commands.c alone
    tools             tools/attention_show.h          a form each, for attention_command.c alone
"
# A program begins in its main.c: names in several folders, without headers.
programs="main"

# ---- facts: one a line ----------------------------------------------------------------------------

there() { for file; do [ ! -e "$file" ] || echo "$file"; done; }
sources=$(for folder in $folders; do there "$folder"/*.c "$folder"/*.cc; done)
headers=$(for folder in $folders; do there "$folder"/*.h; done)
tests=$(there tests/*.c tests/*.cc tests/*.h tests/*/*.c tests/*/*.h)

facts() {
    for file in $sources $headers $tests; do echo "file $file"; done
    grep '^ *# *include *"' $sources $headers $tests |
        sed 's/^\([^:]*\):[^"]*"\([^"]*\)".*/include \1 \2/'
    echo "$declared" | while read -r folder header reason; do
        [ -n "$folder" ] || continue
        sed 's|/\*.*\*/||; /\/\*/,/\*\//d' "$header" | tr -cs '[:alnum:]_' '\n' |
            sed "s|^|declared $folder |"
    done
    for source in $sources; do echo "$build/$source.o"; done | xargs nm -A -P -g 2>&1 |
        sed "s|^$build/\(.*\)\.o: |symbol \1 |"
}

# ---- rules ----------------------------------------------------------------------------------------

# shellcheck disable=SC2016 # awk's own variables
rules='
function folder(file) { sub(/\/[^\/]*$/, "", file); return file }
function stem(file) { sub(/.*\//, "", file); sub(/\.[a-z]*$/, "", file); return file }
function listed(word, list) { return index(" " list " ", " " word " ") > 0 }
function broken(text) { print text; failed = 1 }

BEGIN { n = split(folders, list, " "); for (i = 1; i <= n; i++) place[list[i]] = i }
$1 == "file" { files[$2] }
$1 == "include" { includes[$2 " " $3] }
$1 == "declared" { is_declared[$2 " " $3] }
# Of the compiler: __, and the operators new and delete.
$1 == "symbol" && $4 ~ /^[TDRBC]$/ && $3 !~ /^(__|_Znw|_Zdl)/ { home[$3] = $2 }
$1 == "symbol" && $4 == "U" { asks[$2 " " $3] }
$1 !~ /^(file|include|declared|symbol)$/ { broken($0) } # something is not built
END {
    for (pair in asks) { split(pair, ask, " "); if (ask[2] in home) tie(ask[1], home[ask[2]], ask[2]) }
    no_circles()
    for (name in home) has_header(home[name], name)
    for (pair in includes) { split(pair, include, " "); check_include(include[1], include[2]) }
    for (file in files) one_folder(stem(file), folder(file))
    exit failed
}

# No symbol from a folder behind.
function tie(file, other, symbol) {
    if (file == other) return
    if (place[folder(other)] > place[folder(file)])
        broken("upwards: " file " needs " other " for " symbol)
    from[++ties] = file; to[ties] = other; through[ties] = symbol
}

# No files that need each other, however far round. Ties of files that nobody needs, or that need
# nobody, are cut until there are no more of them: what is left are circles.
function no_circles(    t, cut, needs, needed) {
    do {
        cut = 0
        split("", needs); split("", needed)
        for (t in from) { needs[from[t]]; needed[to[t]] }
        for (t in to)
            if (t in from && !(to[t] in needs && from[t] in needed)) { delete from[t]; cut = 1 }
    } while (cut)
    for (t in from) broken("circle: " from[t] " needs " to[t] " for " through[t])
}

function has_header(file, symbol) {
    if (folder(file) "/" stem(file) ".h" in files || listed(stem(file), programs)) return
    if (!(folder(file) " " symbol in is_declared))
        broken("no header: " file " defines " symbol ", and there is no " stem(file) ".h")
}

# A path from the root, to somewhere that the file may know.
function check_include(file, header,    mine, its) {
    mine = folder(file); its = folder(header)
    if (!(header in files) || header !~ "/") broken("include: " file ": no " header " in the root")
    if (!(mine in place)) return
    if (mine == "tools" ? !listed(its, tools_may) && !listed(header, tools_may) \
                        : !(its in place) || place[its] > place[mine])
        broken("include: " file ": " header " is none of its business")
}

# A name says which file is meant, without its folder.
function one_folder(name, where) {
    if (listed(name, programs)) return
    if (!(name in lives)) lives[name] = where
    if (lives[name] != where) broken("name: " name " is in " lives[name] " and in " where)
}'

facts | awk -v folders="$folders" -v tools_may="$tools_may" -v programs="$programs" "$rules"
