# type.zsh SETUP SHELL [ARGUMENT...] -- LINE...
#
# Starts an interactive shell at a terminal of its own, has it read SETUP, and types
# each LINE, TAB and Ctrl-G to it. SETUP binds Ctrl-G to a function that adds what stands
# on the line to the file $SEEN, and sets the prompt to "ready". Nothing here waits for
# time to pass: the shell reads what was typed when it comes to it.
zmodload zsh/zpty || exit
setup=$1
shift
shell=()
while [[ $1 != -- ]]; do
    shell+=($1)
    shift
done
shift

zpty terminal ${(q)shell} || exit
zpty -w terminal " . ${(q)setup}"
# the shell echoes the line that names the setup; "ready" stands only in its new prompt
zpty -r -m terminal seen '*ready*' || exit
for line; do
    zpty -w -n terminal "$line"$'\t\a'
done
zpty -w terminal exit
# to its end: it must not wait for somebody to read what it writes
while zpty -r terminal seen; do :; done
zpty -d terminal
