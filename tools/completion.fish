# fish completion for tolka

function __tolka_command
    set -l tokens (commandline -opc)
    if contains -- "$tokens[2]" {{commands}}
        echo $tokens[2]
    else
        echo translate
    end
end

function __tolka_is
    contains -- (__tolka_command) $argv
end

function __tolka_is_first
    test (count (commandline -opc)) -eq 1
end

function __tolka_languages
    set -l tokens (string replace -r '^~/' "$HOME/" -- (commandline -opc))
    set -l model
    for i in (seq (count $tokens))
        switch $tokens[$i]
            case -m --model
                set model $tokens[(math $i + 1)]
            case '--model=*'
                set model (string replace -- --model= '' $tokens[$i])
        end
    end
    $tokens[1] help --languages $model 2>/dev/null
end

function __tolka_models
    __fish_complete_suffix .gguf | string match -r '.*(?:\.gguf|/)(?:\t.*)?$'
end

complete -c tolka -f
{{describe}}{{options}}{{arguments}}
