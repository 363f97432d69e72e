import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { SHELLS, type Shell } from '../../../src/cli/manual/shells.ts'
import { runCommand } from '../../world/commands/commands.ts'

/** Has the shell complete the last of some words, with the script that the program prints. */
type Complete = (...words: readonly string[]) => readonly string[]

/** Why a shell cannot be asked here; false where it can. */
function without(shell: Shell): string | false {
  return spawnSync(shell, ['-c', 'exit']).status === 0 ? false : `there is no ${shell}`
}

/** How a shell is asked: text that runs after the script at `$1`, with the words after it. */
const ASK: Readonly<Record<Shell, string>> = {
  bash: `set -u; source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _portcullis; printf "%s\\n" "\${COMPREPLY[@]-}"`,
  // what would draw on a terminal prints instead
  zsh: `compdef() { :; }
_files() { print -- '(files)'; }
_describe() { local -a own; own=(\${(P)@[-1]}); print -l -- \${own%%:*}; }
compadd() { shift; print -l -- "$@"; }
compset() { PREFIX=\${PREFIX##*,}; }
source "$1"; shift; words=("$@"); CURRENT=$#; PREFIX=\${words[-1]}; _portcullis`,
  fish: 'source $argv[1]; complete -C (string join " " -- $argv[2..-1]) | string replace -r "\\t.*" ""; true',
}

async function completer(t: Test, shell: Shell): Promise<Complete> {
  const folder = t.testdir()
  const { exit, out } = await runCommand(['completion', shell], { folder })
  t.equal(exit, 0)
  const script = join(folder, `portcullis.${shell}`)
  writeFileSync(script, out)
  const plain = { bash: ['--norc', '--noprofile'], zsh: ['-f'], fish: ['--no-config'] }[shell]
  return (...words) => {
    const given = shell === 'fish' ? [] : [shell]
    const argv = [...plain, '-c', ASK[shell], ...given, script, 'portcullis', ...words]
    const last = words.at(-1)?.split(',').at(-1) ?? ''
    const found = execFileSync(shell, argv, { encoding: 'utf8', env: { PATH: process.env['PATH'], HOME: folder } })
    return found.split('\n').filter(word => word.split(',').at(-1)?.startsWith(last) === true && word !== '')
  }
}

for (const shell of SHELLS)
  t.test(`${shell} completes commands, options, their words and refusal codes`, { skip: without(shell) }, async t => {
    const complete = await completer(t, shell)
    const ends = (words: readonly string[]) =>
      words.map(word => word.split(',').at(-1) ?? '').sort((a, b) => (a < b ? -1 : 1))
    t.strictSame(ends(complete('pol')), ['policy'])
    t.strictSame(ends(complete('policy', 're')), ['replay'])
    t.strictSame(ends(complete('policy', 'replay', '--si')), ['--since'])
    t.strictSame(ends(complete('--config', 'policy', 'ver')), ['verify'], 'the value of an option is no command')
    t.strictSame(ends(complete('audit', '--format', 's')), ['sarif'])
    t.notOk(complete('verify', '--format', '').includes('sarif'), 'each command has its own words')
    t.strictSame(ends(complete('mirror', 'fetch', 'plan.json', '--allow-refused', 'unatt')), ['unattested'])
    t.strictSame(ends(complete('mirror', 'fetch', '--allow-refused', 'unattested,no-')), ['no-rule'])
    t.strictSame(ends(complete('report', '--fail-on', 'l')), ['late', 'lost'])
    t.strictSame(ends(complete('report', '--fail-on', 'lost,y')), ['young'])
    t.strictSame(ends(complete('completion', 'z')), ['zsh'])
    t.ok(complete('audit', '--').includes('--config'), 'options of every command too')
  })

t.test('another shell is exit 2', async t => {
  t.match(await runCommand(['completion', 'tcsh'], { folder: t.testdir() }), {
    exit: 2,
    out: '',
    err: /Allowed choices are bash, zsh, fish/,
  })
})
