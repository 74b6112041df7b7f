# What fish completes: fish tests/shells/complete.fish SCRIPT LINE prints the choices for the end of
# LINE, one a line, without what says about them.
source $argv[1]; or exit 1
complete -C "$argv[2]" | string replace -r '\t.*' ''
true
