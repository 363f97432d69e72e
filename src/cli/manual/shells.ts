import { everyOutline, type Outline, type OutlinedOption, type Values, valuedNames } from './outline.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** A script for a shell that completes commands, options and their values. Nothing of it runs the program. */
export function completionFor(shell: Shell, outline: Outline): string {
  return { bash, zsh, fish }[shell](outline)
}

/** In single quotes, for any of the shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

function nameOf({ path }: Outline): string {
  return path.join(' ')
}

/** What comes next after a command's own name. */
function nextWords({ path, commands }: Outline): readonly string[] {
  if (commands.length === 0) return []
  return [...commands.map(each => each.path[path.length] ?? ''), 'help']
}

function wordsIn(values: Values | undefined): readonly string[] {
  return values === undefined || typeof values === 'string' ? [] : values
}

function operandWords({ operands }: Outline): readonly string[] {
  return operands.flatMap(wordsIn)
}

/** Options of one command whose values are words. */
function wordyOptions({ options }: Outline): readonly OutlinedOption[] {
  return options.filter(({ values }) => wordsIn(values).length > 0)
}

/** bash and zsh: which command the words before the cursor lead to, and whether the last of them waits for a value. */
function walk(outline: Outline, words: string): string {
  return `  local at=portcullis waiting= word
  for word in ${words}; do
    if [[ -n $waiting && $word != '=' ]]; then waiting=; continue; fi
    case $word in
      '=') ;;
      ${valuedNames(outline).join('|')}) waiting=$word ;;
      -*) ;;
      *) case "$at $word" in
        ${everyOutline(outline)
          .filter(({ path }) => path.length > 1)
          .map(each => quoted(nameOf(each)))
          .join('|')}) at="$at $word" ;;
      esac ;;
    esac
  done
`
}

function bash(outline: Outline): string {
  const every = everyOutline(outline)
  const values = every.flatMap(each =>
    wordyOptions(each).map(
      ({ names: [name = ''], values: words }) =>
        `      ${quoted(`${nameOf(each)} ${name}`)}) words=${quoted(wordsIn(words).join(' '))} ;;\n`,
    ),
  )
  return `# bash completion for portcullis. Load it with: source <(portcullis completion bash)
_portcullis() {
  local cur=\${COMP_WORDS[COMP_CWORD]} words= first=
  [[ $cur == '=' ]] && cur=
${walk(outline, `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`)}  if [[ -n $waiting ]]; then
    case "$at $waiting" in
${values.join('')}    esac
    # several in one word, with commas between them
    if [[ $cur == *,* ]]; then first=\${cur%,*},; cur=\${cur##*,}; fi
  elif [[ $cur == -* ]]; then
    case $at in
${every.map(each => `      ${quoted(nameOf(each))}) words=${quoted(each.options.flatMap(({ names }) => names).join(' '))} ;;\n`).join('')}    esac
  else
    case $at in
${every
  .filter(each => nextWords(each).length + operandWords(each).length > 0)
  .map(
    each =>
      `      ${quoted(nameOf(each))}) words=${quoted([...nextWords(each), ...operandWords(each)].join(' '))} ;;\n`,
  )
  .join('')}    esac
  fi
  COMPREPLY=()
  [[ -n $words ]] && COMPREPLY=($(compgen -P "$first" -W "$words" -- "$cur"))
}
# where it has nothing to say, bash offers files
complete -o default -o bashdefault -F _portcullis portcullis
`
}

function zsh(outline: Outline): string {
  const every = everyOutline(outline)
  const described = (name: string, text: string) => quoted(`${name.replaceAll(':', '\\:')}:${firstSentence(text)}`)
  const values = every.flatMap(each =>
    wordyOptions(each).map(
      ({ names: [name = ''], values: words }) =>
        `      ${quoted(`${nameOf(each)} ${name}`)}) compset -P '*,'; compadd -- ${wordsIn(words).map(quoted).join(' ')} ;;\n`,
    ),
  )
  const options = (each: Outline) =>
    each.options.flatMap(({ names, description }) => names.map(name => described(name, description))).join(' ')
  const next = (each: Outline) =>
    [
      ...each.commands.map(({ path, summary }) => described(path.at(-1) ?? '', summary)),
      ...operandWords(each).map(quoted),
    ].join(' ')
  return `#compdef portcullis
# zsh completion for portcullis. Load it with: source <(portcullis completion zsh), after compinit;
# or write it to a file named _portcullis in a folder of $fpath.
_portcullis() {
${walk(outline, `"\${(@)words[2,CURRENT-1]}"`)}  local -a found
  if [[ -n $waiting ]]; then
    case "$at $waiting" in
${values.join('')}      *) _files ;;
    esac
  elif [[ $PREFIX == -* ]]; then
    case $at in
${every.map(each => `      ${quoted(nameOf(each))}) found=(${options(each)}) ;;\n`).join('')}    esac
    _describe -o option found
  else
    case $at in
${every
  .filter(each => nextWords(each).length + operandWords(each).length > 0)
  .map(each => `      ${quoted(nameOf(each))}) found=(${next(each)}) ;;\n`)
  .join('')}      *) _files; return ;;
    esac
    _describe command found
  fi
}
if [[ $funcstack[1] == _portcullis ]]; then _portcullis "$@"; else compdef _portcullis portcullis; fi
`
}

function fish(outline: Outline): string {
  const every = everyOutline(outline)
  const lines = every.flatMap(each => {
    const at = `-n ${quoted(`__portcullis_at ${nameOf(each)}`)}`
    return [
      ...each.commands.map(
        ({ path, summary }) =>
          `complete -c portcullis ${at} -f -a ${path.at(-1) ?? ''} -d ${inFish(firstSentence(summary))}`,
      ),
      ...(operandWords(each).length === 0
        ? []
        : [`complete -c portcullis ${at} -f -a ${inFish(operandWords(each).join(' '))}`]),
      ...each.options.map(option => `complete -c portcullis ${at} ${fishOption(option)}`),
    ]
  })
  return `# fish completion for portcullis. Load it with: portcullis completion fish | source
function __portcullis_at -d 'whether the words before the cursor lead to exactly this command'
    set -l at portcullis
    set -l waiting 0
    for word in (commandline -opc)[2..-1]
        if test $waiting -eq 1
            set waiting 0
            continue
        end
        switch $word
            case ${valuedNames(outline).join(' ')}
                set waiting 1
            case '-*'
            case '*'
                switch "$at $word"
                    case ${every
                      .filter(({ path }) => path.length > 1)
                      .map(each => quoted(nameOf(each)))
                      .join(' ')}
                        set at "$at $word"
                end
        end
    end
    test "$at" = "$argv"
end
function __portcullis_list -d 'words, of which several may stand in one, with commas between them'
    set -l first (commandline -ct | string match -r '.*,')
    for word in $argv
        echo "$first$word"
    end
end
${lines.join('\n')}
`
}

function fishOption({ names, description, values }: OutlinedOption): string {
  const told = names.map(name => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ')
  const takes =
    values === undefined
      ? ''
      : values === 'a path'
        ? ' -r -F'
        : ` -x${values === 'anything' ? '' : ` -a ${inFish(`(__portcullis_list ${values.join(' ')})`)}`}`
  return `${told}${takes} -d ${inFish(firstSentence(description))}`
}

/** fish knows two escapes in single quotes. */
function inFish(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** There is one line for it. */
function firstSentence(text: string): string {
  return text.split(/[.;:] |\n/)[0] ?? ''
}
