# What bash completes: bash tests/shells/complete.bash SCRIPT WORD... prints the choices for the last
# WORD, one a line.
source "$1" || exit 1
shift
[[ $(complete -p tolka) == *"-F _tolka tolka" ]] || exit 1
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_tolka
printf '%s\n' "${COMPREPLY[@]}"
