import { statSync } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import { divideLock, ownIndexes } from '../../protocol/lockfiles/divide-lock.ts'
import type { Lock, LockKind } from '../../protocol/lockfiles/lock.ts'
import { type LockBytes, readLock } from '../../protocol/lockfiles/read-lock.ts'
import { type RewrittenLock, rewriteLock } from '../../protocol/lockfiles/rewrite-lock.ts'
import { ENVIRONMENT } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { ownershipOf, withSameIndex } from '../locks/own-locks.ts'
import { readGiven } from '../terminal/read-given.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { writeWhole } from '../terminal/write-whole.ts'

interface RewriteOptions {
  readonly config?: string
  readonly to: string
  readonly out?: string
  readonly sameIndex?: readonly string[]
}

const DESCRIPTION = `Moves a lock to a gate: the URLs of its files, and the lines that name this index. Nothing else changes, to the byte, so that the client’s own check of the lock still holds. Packages of another index, repositories and direct URLs stay where they are, and are told.

Reads uv.lock, poetry.lock, pdm.lock, Pipfile.lock, pylock.toml and requirements.txt. Names are not asked of anybody.`

const MORE = `
What the client wants besides:
  uv            UV_DEFAULT_INDEX=URL/simple, or [[index]] with default = true;
                build dependencies come from there too
  poetry        a lock of PyPI names no index: poetry source add
                --priority=primary gate URL/simple/, then poetry lock
  pdm           pdm config pypi.url URL/simple/; a source in pyproject.toml
                changes the hash of the lock: then pdm lock --refresh too
  pipenv        the Pipfile's source counts at the next pipenv lock
  pylock.toml   nothing: it holds everything that is asked for
  pip           --index-url URL/simple/, where the file has no such line

Exit codes:
  0  written, also where nothing was to be moved
  1  written, and something still leads past the gate: an address in an included
     file, one that is written in a way that is not rewritten, or a file that the
     gate cannot be asked for; each is named
  2  usage: the lock cannot be read or written; or the configuration is wrong
  3  internal error

${ENVIRONMENT}

Examples:
  portcullis lock rewrite uv.lock --to https://pypi.acme.example
  portcullis lock rewrite pylock.toml --to http://127.0.0.1:8080 --out gated.toml`

export function addLockRewrite(lock: Command, services: Services, conclude: Conclude): void {
  withSameIndex(lock.command('rewrite'))
    .summary('move a lock’s URLs and registry lines to a gate')
    .description(DESCRIPTION)
    .argument('<lockfile>', 'the lock')
    .requiredOption('--to <url>', 'the gate, as clients reach it: https://pypi.acme.example', parseGate)
    .option('--out <file>', 'write here instead of over the lock; what is there is replaced')
    .addHelpText('after', MORE)
    .action(async (path: string, _options, command: Command) => {
      conclude(await rewrite(path, command.optsWithGlobals<RewriteOptions>(), services))
    })
}

/** Without a slash or `/simple/` at its end. */
function parseGate(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain = url !== undefined && url.search + url.hash + url.username + url.password === ''
  if (!plain || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError('Not the address of a gate such as https://pypi.acme.example, without credentials.')
  return `${url.origin}${url.pathname}`.replace(/\/(?:simple\/?)?$/, '')
}

async function rewrite(path: string, options: RewriteOptions, services: Services): Promise<ExitCode> {
  const { to: gate, out, sameIndex = [] } = options
  const file = { path, bytes: readGiven(path) }
  const readAgain = (it: LockBytes): Lock => readLock(it, { read: readGiven, environment: services.environment })
  const read = readAgain(file)
  const { config } = await services.loadConfig({ ...options })
  const ownership = ownershipOf(config, [...sameIndex, gate])
  const lock = divideLock(read, ownership)
  const rewritten = rewriteLock(file, lock, { gate, own: ownIndexes(read, ownership) }, readAgain)
  writeWhole(out ?? path, rewritten.bytes, { over: true, mode: statSync(path).mode })
  const namesIndex = [...read.packages, ...read.unjudged].some(({ index }) => index !== undefined)
  tell(createScreen(services.output), { lock, rewritten, gate, out: out ?? path, namesIndex })
  return rewritten.left.length > 0 ? 1 : 0
}

interface Told {
  readonly lock: Lock
  readonly rewritten: RewrittenLock
  readonly gate: string
  readonly out: string
  /** as it was before */
  readonly namesIndex: boolean
}

function tell(screen: Screen, { lock, rewritten, gate, out, namesIndex }: Told): void {
  const { indexes, files, left } = rewritten
  const moved = `${counted(files, 'URL')} and ${counted(indexes, 'index line')}`
  screen.line(styled('strong', moved), ` moved to ${gate} in ${out}`)
  for (const { url, why } of left) screen.line(styled('doubt', '!'), ` ${url} stays: ${why}`)
  const others = lock.unjudged.filter(({ kind }) => kind !== 'own' && kind !== 'empty')
  for (const { name, version, why } of others)
    screen.line(styled('doubt', '!'), ` ${[name, version].filter(Boolean).join(' ')} stays: ${why}`)
  if (left.length > 0) screen.line(styled('doubt', `${left.length} left`), ': past the gate, until you change them')
  else if (files + indexes === 0) screen.prose(['  '], namesIndex ? NOTHING_MOVES : NOTHING[lock.kind])
}

const NOTHING_MOVES = 'Nothing in it names this index under another address.'

const NOTHING: Readonly<Record<LockKind, string>> = {
  uv: NOTHING_MOVES,
  poetry:
    'It names no index: Poetry takes what it locks from the project’s primary source. Run poetry source add --priority=primary for the gate, then poetry lock.',
  pdm: 'It holds no URLs: PDM takes what it locks from its sources. Set pypi.url, or a source in pyproject.toml and then pdm lock --refresh.',
  pipfile: NOTHING_MOVES,
  pylock: NOTHING_MOVES,
  requirements: 'It names no index: give pip --index-url, or write such a line into it.',
}
