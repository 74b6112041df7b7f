#compdef tolka
# zsh completion for tolka

_tolka_languages() {
    local -a languages
    local model expl
    local -i i
    for ((i = 2; i < CURRENT; i++)); do
        case $words[i] in
        -m | --model) model=$words[i+1] ;;
        --model=*) model=${words[i]#--model=} ;;
        -m*) model=${words[i]#-m} ;;
        esac
    done
    local program=${(Q)words[1]}
    model=${(Q)model}
    languages=(${(f)"$(${program/#\~/$HOME} help --languages ${model:+${model/#\~/$HOME}} 2>/dev/null)"})
    _wanted languages expl language compadd -a languages
}

_tolka() {
    local -a commands options
    local command=translate
    commands=(
{{commands}}    )
    if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
        _describe -t commands 'tolka command' commands
        return
    fi
    if ((CURRENT > 2 && ${commands[(I)${words[2]}:*]})); then
        command=$words[2]
        words[2]=()
        ((CURRENT--))
    fi
    case $command in
{{options}}    esac
    _arguments -s -S $options
}

if [[ $funcstack[1] == _tolka ]]; then
    _tolka "$@"
else
    compdef _tolka tolka
fi
