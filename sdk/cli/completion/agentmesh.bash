# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of agentmesh for bash. The program itself knows what may follow: agentmesh complete WORD...

_agentmesh() {
    local words=() word last='' glued='' i
    # Bash cuts words at ":" and "=", the program does not.
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [ "${#words[@]}" -gt 0 ] && [[ $glued || $word == [:=]* ]]; then
            words[${#words[@]} - 1]+=$word
            glued=''
            [[ $word != [:=]* ]] || glued=yes
        else
            words+=("$word")
        fi
    done
    last=${COMP_WORDS[COMP_CWORD]}
    [[ $last != [:=]* ]] || last=''
    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        case $word in
            :files | :folders)
                compopt -o filenames 2>/dev/null || true
                [ "$word" = :files ] && i=-f || i=-d
                while read -r word; do
                    COMPREPLY+=("$word")
                done < <(compgen "$i" -- "$last")
                ;;
            "$last"*) COMPREPLY+=("$word") ;;
        esac
    done < <("${1/#\~\//$HOME/}" complete "${words[@]}" 2>/dev/null </dev/null)
}

complete -F _agentmesh agentmesh
