# What zsh completes: zsh tests/shells/complete.zsh SCRIPT LINE prints the choices for the end of
# LINE, one a line. Completion works in an interactive shell only, so one is started in a terminal
# of its own; in it compadd tells what it is given.
zmodload zsh/zpty || exit 1
export SCRIPT=$1 CHOICES=$(mktemp)
zpty shell zsh -f -i
read_until() { local line; zpty -r -m shell line "*$1*" }
zpty -w shell '
PS1= PS2= TERM=dumb; unsetopt prompt_sp; stty -echo
autoload -Uz compinit && compinit -u -D && source $SCRIPT
compadd() {
    local -a matches
    if [[ ${*[1,(i)(-|--)]} != *-(O|A|D)(\ *|) ]]; then
        builtin compadd -O matches "$@"
        print -rl -- $matches >> $CHOICES
    fi
    builtin compadd "$@"
}
show() { zle complete-word; print -r "==done=="; exit }
zle -N show; bindkey "^I" show
print -r "==re""ady=="
'
read_until '==ready=='
zpty -w -n shell "$2"$'\t'
read_until '==done=='
zpty -d shell
sort -u "$CHOICES"
rm -f "$CHOICES"
