# bash completion for tolka

_tolka_languages() {
    local i model=''
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -m | --model)
            model=${COMP_WORDS[i + 1]}
            [[ $model == = ]] && model=${COMP_WORDS[i + 2]}
            ;;
        esac
    done
    model=${model//[\\\'\"]/}
    "${COMP_WORDS[0]/#\~/$HOME}" help --languages ${model:+"${model/#\~/$HOME}"} 2>/dev/null
}

_tolka() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=translate
    local words='' files=''
    COMPREPLY=()
    if ((COMP_CWORD > 1)); then
        case ${COMP_WORDS[1]} in
        {{commands|}}) command=${COMP_WORDS[1]} ;;
        esac
    fi
    if [[ $cur == = ]]; then
        cur=''
    elif [[ $prev == = ]] && ((COMP_CWORD > 2)); then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $command:$prev in
{{values}}    *)
        if [[ $cur == -* ]]; then
            case $command in
{{options}}            esac
        elif ((COMP_CWORD == 1)); then
            words='{{commands}}'
        else
            case $command in
{{arguments}}            esac
        fi
        ;;
    esac
    case $files in
    '') mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur") ;;
    any) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    *) mapfile -t COMPREPLY < <(compgen -d -- "$cur"; compgen -f -X "!$files" -- "$cur") ;;
    esac
}
complete -o filenames -F _tolka tolka
